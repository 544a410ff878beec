/** The cache is bounded by weight, and nothing that is answered depends on how much it holds. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCache } from '../../../src/commands/cache.ts';
import { NOW } from '../../support/decider.ts';
import { memoryEventStore } from '../../support/memoryEventStore.ts';
import { writeSide } from '../../support/writeSide.ts';
import { callsDuring, registered } from './support.ts';

describe('the cache', () => {
  const weighed = (capacity: number) => createCache<number>(capacity, weight => weight);

  const held = (cache: ReturnType<typeof weighed>, keys: string) =>
    [...keys].filter(key => cache.get(key) !== undefined).join('');

  test('keeps what is used, and lets go of what is not', () => {
    const cache = weighed(6);
    for (const key of 'abc') cache.set(key, 1);
    for (const key of 'defghi') {
      cache.get('a');
      cache.set(key, 1);
    }
    expect(held(cache, 'abc')).toBe('a');
  });

  test('keeps at least what was used last, up to half of what it may hold', () => {
    const cache = weighed(6);
    for (const key of 'abcdefg') cache.set(key, 1);
    expect(held(cache, 'efg')).toBe('efg');
  });

  test('counts what a value weighs, also when it is replaced', () => {
    const cache = weighed(12);
    cache.set('a', 2);
    cache.set('b', 4);
    cache.set('b', 1);
    cache.set('c', 3); // 6 in all: nothing has to go
    expect(held(cache, 'abc')).toBe('abc');
    cache.set('d', 6);
    cache.set('e', 1);
    expect(held(cache, 'abc')).toBe('');
  });

  test('a value that grows in place counts as it came in', () => {
    const value = { weight: 1 };
    const cache = createCache<typeof value>(4, each => each.weight);
    cache.set('a', value);
    value.weight = 3;
    cache.delete('a');
    cache.set('b', { weight: 2 });
    cache.set('c', { weight: 2 });
    expect([cache.get('b'), cache.get('c')]).toEqual([{ weight: 2 }, { weight: 2 }]);
  });

  test('keeps nothing that alone is too heavy', () => {
    const cache = weighed(4);
    cache.set('a', 3);
    expect(cache.get('a')).toBeUndefined();
    cache.set('b', 2);
    expect(cache.get('b')).toBe(2);
  });

  test('forgets, and has the room again', () => {
    const cache = weighed(4);
    cache.set('a', 2);
    cache.delete('a');
    cache.delete('never there');
    cache.set('b', 2);
    cache.set('c', 2);
    expect(held(cache, 'abc')).toBe('bc');
  });

  test('never holds more than it may, whatever is done with it', () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      weight: fc.integer({ min: 0, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 0, max: 8 }), (steps, capacity) => {
        const cache = weighed(capacity);
        for (const { key, weight } of steps) {
          cache.set(key, weight);
          const held = ['a', 'b', 'c', 'd'].map(each => cache.get(each) ?? 0);
          expect(held.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(capacity);
        }
      }),
    );
  });
});

test('a stream weighs more the more commands it has had', async () => {
  const store = memoryEventStore();
  const { send } = writeSide(store.connect(), { cacheSize: 4 });
  const busy = await registered({ send });
  const quiet = await registered({ send }, 'quiet');
  const touch = (id: string, name: string) => send('changeAccountDetails', { name }, { id });
  await touch(busy.id, 'B');
  const light = await callsDuring(store, () => touch(quiet.id, 'B'));
  expect(light.calls, 'both are known').toEqual([`append ${quiet.stream}`]);
  for (let i = 0; i < 100; i++) await touch(busy.id, `N${i}`);
  const heavy = await callsDuring(store, () => touch(busy.id, 'C'));
  expect(heavy.calls, 'it is too heavy to be kept').toEqual([`read ${busy.stream}`, `append ${busy.stream}`]);
});

const TAGS = ['red', 'blue'];
const step = fc.record({
  who: fc.constantFrom('cached', 'another process'),
  record: fc.constantFrom('a', 'b', 'c'),
  command: fc.constantFrom(
    'registerAccount',
    'tagAccount',
    'untagAccount',
    'archiveAccount',
    'restoreAccount',
    'changeAccountDetails',
  ),
  value: fc.constantFrom(...TAGS),
  commandId: fc.constantFrom('k1', 'k2', 'k3', undefined),
  ifRevision: fc.option(fc.nat({ max: 4 }), { nil: undefined, freq: 4 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What a sequence of commands answers and leaves, when one of the two processes keeps so much in its cache. */
async function run(steps: readonly Step[], cacheSize: number) {
  const store = memoryEventStore();
  let at = Date.parse(NOW);
  const now = () => new Date(at);
  const sides = {
    cached: writeSide(store.connect(), { cacheSize, now }),
    'another process': writeSide(store.connect(), { cacheSize: 0, now }),
  };
  const ids = new Map<string, string>();
  for (const record of ['a', 'b', 'c'])
    ids.set(record, (await registered(sides['another process'], record)).id);
  const answers = [];
  for (const [i, { who, record, command, value, ifRevision, commandId = `own-${i}` }] of steps.entries()) {
    const input =
      command === 'registerAccount' || command === 'changeAccountDetails'
        ? { name: value }
        : command === 'tagAccount' || command === 'untagAccount'
          ? { tags: [value] }
          : {};
    const id = command === 'registerAccount' ? {} : { id: ids.get(record) };
    at += 1_000;
    answers.push(await sides[who].send(command, input, { ...id, commandId, ifRevision }));
  }
  return { answers, log: store.log() };
}

test('a cache of any size gives the same answers and the same log', () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async steps => {
      const none = await run(steps, 0);
      expect(await run(steps, 1)).toEqual(none);
      expect(await run(steps, 10_000)).toEqual(none);
    }),
    { numRuns: 40 },
  ));
