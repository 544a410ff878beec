import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Choice,
  type Consumer,
  hasRoom,
  STRATEGIES,
  type Strategy,
} from '../../src/persistent/strategies.ts';

type Named = Consumer & { readonly name: string };
const named = (name: string, bufferSize = 10): Named => ({ name, bufferSize, inFlight: 0 });
const nameOf = (choice: Choice<Named>): string => (typeof choice === 'string' ? choice : choice.name);

function strategyOf(name: string, ...consumers: readonly Named[]): Strategy<Named> {
  const strategy = STRATEGIES.get(name)?.<Named>();
  if (!strategy) throw new Error(`there is no ${name}`);
  for (const consumer of consumers) strategy.join(consumer);
  return strategy;
}

/** Gives an event of each key and says who got it. */
const give = (strategy: Strategy<Named>, keys: readonly string[]): string[] =>
  keys.map(key => {
    const choice = strategy.choose(key);
    if (typeof choice !== 'string') choice.inFlight++;
    return nameOf(choice);
  });

const keys = (count: number): string[] => Array.from({ length: count }, (_, n) => `stream-${n}`);

describe('RoundRobin', () => {
  it('gives to one after the other', () => {
    const strategy = strategyOf('RoundRobin', named('a'), named('b'), named('c'));
    expect(give(strategy, keys(4))).toEqual(['a', 'b', 'c', 'a']);
  });

  it('passes over who has no room, and who has left', () => {
    const [a, b, c] = [named('a', 1), named('b'), named('c')];
    const strategy = strategyOf('RoundRobin', a, b, c);
    strategy.leave(c);
    expect(give(strategy, keys(4))).toEqual(['a', 'b', 'b', 'b']);
  });

  it('says when nobody has room', () => {
    expect(give(strategyOf('RoundRobin', named('a', 1)), keys(2))).toEqual(['a', 'full']);
    expect(give(strategyOf('RoundRobin'), keys(1))).toEqual(['full']);
  });
});

describe('DispatchToSingle', () => {
  it('gives to one until it has no room, then to the next', () => {
    const strategy = strategyOf('DispatchToSingle', named('a', 2), named('b', 3));
    expect(give(strategy, keys(6))).toEqual(['a', 'a', 'b', 'b', 'b', 'full']);
  });

  it('stays with the next when the first has room again', () => {
    const a = named('a', 1);
    const strategy = strategyOf('DispatchToSingle', a, named('b'));
    give(strategy, keys(2));
    a.inFlight = 0;
    expect(give(strategy, keys(1))).toEqual(['b']);
  });
});

describe('Pinned', () => {
  it('gives what belongs together to one, and shares the keys out', () => {
    const strategy = strategyOf('Pinned', named('a', 1_000), named('b', 1_000));
    const first = give(strategy, keys(100));
    expect(give(strategy, keys(100))).toEqual(first);
    expect(new Set(first)).toEqual(new Set(['a', 'b']));
  });

  it('lets an event wait for its consumer, though others have room', () => {
    const strategy = strategyOf('Pinned', named('a', 1), named('b', 1));
    expect(give(strategy, ['x', 'x'])).toEqual([expect.stringMatching(/^[ab]$/), 'later']);
    expect(nameOf(strategy.choose('x'))).toBe('later');
  });

  it('gives the keys of who leaves to others, and leaves the rest where they are', () => {
    const [a, b, c] = [named('a', 1_000), named('b', 1_000), named('c', 1_000)];
    const strategy = strategyOf('Pinned', a, b, c);
    const before = give(strategy, keys(60));
    strategy.leave(b);
    const after = give(strategy, keys(60));
    expect(after).not.toContain('b');
    for (const [index, owner] of before.entries()) if (owner !== 'b') expect(after[index]).toBe(owner);
  });

  it('gives who joins a fair share of all keys, and moves no other', () => {
    const everyone = ['a', 'b', 'c', 'd'].map(name => named(name, 10_000));
    const strategy = strategyOf('Pinned', ...everyone.slice(0, 3));
    const before = give(strategy, keys(1_000));
    const [, , , d] = everyone;
    if (d) strategy.join(d);
    const after = give(strategy, keys(1_000));
    for (const [index, owner] of after.entries()) if (owner !== 'd') expect(before[index]).toBe(owner);
    for (const { name } of everyone) {
      const share = after.filter(owner => owner === name).length / 1_000;
      expect(share).toBeGreaterThan(0.2);
      expect(share).toBeLessThan(0.3);
    }
  });
});

describe('every strategy', () => {
  it.each([...STRATEGIES.keys()])(
    '%s never gives to who has no room, and is full only when all are',
    name => {
      const event = fc.record({ key: fc.integer({ min: 0, max: 20 }).map(String), answer: fc.boolean() });
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 5 }),
          fc.array(event),
          (sizes, events) => {
            const consumers = sizes.map((size, index) => named(String(index), size));
            const strategy = strategyOf(name, ...consumers);
            for (const { key, answer } of events) {
              const hadRoom = consumers.filter(hasRoom);
              const choice = strategy.choose(key);
              if (choice === 'full') expect(hadRoom).toEqual([]);
              if (typeof choice === 'string') continue;
              expect(hadRoom).toContain(choice);
              choice.inFlight++;
              if (answer) choice.inFlight--;
            }
          },
        ),
      );
    },
  );
});
