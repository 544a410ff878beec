import { describe, expect, test } from 'vitest';
import { createQueues, withTimeout } from '../../../src/commands/waiting.ts';

describe('queues', () => {
  /** Work that goes on when it is told to, and notes when it begins and ends. */
  function work(notes: string[], name: string) {
    const gate = Promise.withResolvers<void>();
    const run = async () => {
      notes.push(`${name} begins`);
      await gate.promise;
      notes.push(`${name} ends`);
      return name;
    };
    return { run, finish: gate.resolve, fail: gate.reject };
  }

  test('work under one key follows in the order in which it came', async () => {
    const queued = createQueues();
    const notes: string[] = [];
    const [first, second, third] = [work(notes, '1'), work(notes, '2'), work(notes, '3')];
    const done = Promise.all([first, second, third].map(({ run }) => queued('key', run)));
    third.finish();
    second.finish();
    first.finish();
    expect(await done).toEqual(['1', '2', '3']);
    expect(notes).toEqual(['1', '2', '3'].flatMap(name => [`${name} begins`, `${name} ends`]));
  });

  test('work under different keys goes on side by side', async () => {
    const queued = createQueues();
    const notes: string[] = [];
    const [a, b] = [work(notes, 'a'), work(notes, 'b')];
    const waiting = queued('a', a.run);
    const other = queued('b', b.run);
    b.finish();
    expect(await other).toBe('b');
    expect(notes).toEqual(['a begins', 'b begins', 'b ends']);
    a.finish();
    await waiting;
  });

  test('what fails fails for its sender alone', async () => {
    const queued = createQueues();
    const notes: string[] = [];
    const [bad, good] = [work(notes, 'bad'), work(notes, 'good')];
    const failing = queued('key', bad.run);
    const following = queued('key', good.run);
    good.finish();
    bad.fail(new Error('no'));
    await expect(failing).rejects.toThrow('no');
    expect(await following).toBe('good');
    expect(await queued('key', async () => 'and again')).toBe('and again');
  });
});

describe('with a timeout', () => {
  test('a promise settles as it does', async () => {
    expect(await withTimeout(Promise.resolve(1), 1_000)).toBe(1);
    await expect(withTimeout(Promise.reject(new Error('no')), 1_000)).rejects.toThrow('no');
  });
  test('and one that never does is ended, as the client’s own errors say it', () =>
    expect(withTimeout(new Promise(() => undefined), 1)).rejects.toMatchObject({ type: 'timeout' }));
});
