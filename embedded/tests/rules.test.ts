import { describe, expect, it } from 'vitest';
import { type Condition, type Deletion, type Expected, type History, judge } from '../src/rules.ts';

/** A stream whose events have these ids, in this order. */
const history = (...stored: string[]): History => ({
  revisionOf: id => (stored.includes(id) ? stored.indexOf(id) : undefined),
  idAt: revision => stored[revision],
});
const condition = (stored: readonly string[], deletion?: Deletion, hasMetadata = false): Condition => ({
  current: stored.length - 1,
  deletion,
  hasMetadata: () => hasMetadata,
});
const verdict = (expected: Expected, stored: string[], ids: string[]) =>
  judge(expected, condition(stored), ids, history(...stored));
const repeat = (last: number) => ({ kind: 'repeat', last });
const append = { kind: 'append' };
const wrong = { kind: 'wrongRevision' };
const deleted = { kind: 'deleted' };

describe('judge', () => {
  it.each<[Expected, string[], string[], object]>([
    // Where there is no stream
    ['any', [], ['a'], append],
    ['noStream', [], ['a'], append],
    ['streamExists', [], ['a'], wrong],
    [0n, [], ['a'], wrong],
    // New events
    ['any', ['a'], ['b'], append],
    ['streamExists', ['a'], ['b'], append],
    [0n, ['a'], ['b'], append],
    ['noStream', ['a'], ['b'], wrong],
    [0n, ['a', 'b'], ['c'], wrong],
    [5n, ['a', 'b'], ['c'], wrong],
    [2n ** 64n - 1n, ['a'], ['b'], wrong],
    // Repeats at an old revision
    ['noStream', ['a', 'b'], ['a', 'b'], repeat(1)],
    ['noStream', ['a', 'b', 'c'], ['a', 'b'], repeat(1)],
    [0n, ['a', 'b', 'c'], ['b', 'c'], repeat(2)],
    [0n, ['a', 'b', 'c'], ['c'], wrong],
    ['noStream', ['a', 'b'], ['b', 'a'], wrong],
    ['noStream', ['a'], ['a', 'b'], wrong],
    // The current revision compares nothing
    [0n, ['a'], ['a'], append],
    // Without a revision the ids decide
    ['any', ['a', 'b'], ['a'], repeat(0)],
    ['any', ['a', 'b'], ['b', 'a'], repeat(0)],
    ['streamExists', ['a', 'b'], ['a', 'b'], repeat(1)],
    ['any', ['a'], ['a', 'b'], wrong],
    ['any', ['a'], ['b', 'a'], append],
    // Nothing to append
    ['any', [], [], append],
    ['any', ['a'], [], append],
    [0n, ['a'], [], append],
    ['noStream', ['a'], [], wrong],
  ])('expecting %s of a stream of %j, appending %j', (expected, stored, ids, outcome) => {
    expect(verdict(expected, stored, ids)).toEqual(outcome);
  });

  it('asks nothing of the history of a stream that is not there', () => {
    const asked: History = {
      revisionOf: () => expect.unreachable(),
      idAt: () => expect.unreachable(),
    };
    expect(judge('any', condition([]), ['a'], asked)).toEqual(append);
  });

  it.each<[Expected, string[], string[], object]>([
    // A deleted stream goes on where it ended
    ['any', ['a'], ['b'], append],
    ['noStream', ['a', 'b'], ['c'], append],
    [1n, ['a', 'b'], ['c'], append],
    // It is not there for who wants it to be there, and doesn't forget its revisions
    ['streamExists', ['a'], ['b'], deleted],
    [0n, ['a', 'b'], ['c'], wrong],
    [2n, ['a', 'b'], ['c'], wrong],
    // It remembers what was appended
    ['any', ['a', 'b'], ['a'], repeat(0)],
    ['noStream', ['a', 'b'], ['a', 'b'], repeat(1)],
    ['noStream', ['a', 'b'], ['a', 'c'], wrong],
    ['noStream', ['a'], [], wrong],
  ])('expecting %s of a deleted stream of %j, appending %j', (expected, stored, ids, outcome) => {
    expect(judge(expected, condition(stored, 'soft'), ids, history(...stored))).toEqual(outcome);
  });

  it.each<Expected>(['any', 'noStream', 'streamExists', 0n, 7n])(
    'expecting %s of a stream with a tombstone takes nothing',
    expected => {
      expect(judge(expected, condition(['a'], 'hard'), ['b'], history('a'))).toEqual(deleted);
      expect(judge(expected, condition(['a'], 'hard'), ['a'], history('a'))).toEqual(deleted);
    },
  );

  it('knows a stream by its metadata before it has events', () => {
    expect(judge('streamExists', condition([], undefined, true), ['a'], history())).toEqual(append);
    expect(judge(0n, condition([], undefined, true), ['a'], history())).toEqual(wrong);
  });
});
