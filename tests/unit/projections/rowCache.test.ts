import { describe, expect, test } from 'vitest';
import type { Version } from '../../../src/projections/engine/fold.ts';
import { rowCache } from '../../../src/projections/engine/rowCache.ts';

const row = (content: unknown): Version => ({
  row: { content },
  revision: 0,
  validFrom: '2024-01-01T00:00:00.000Z',
  knownFrom: 0n,
});

test('it tells what is not there from what it doesn’t know', () => {
  const cache = rowCache(10_000);
  cache.set('gone', null);
  expect([cache.get('gone'), cache.get('unknown')]).toEqual([null, undefined]);
});

describe('trimmed', () => {
  test('it forgets those that were set longest ago, and no more than it must', () => {
    const cache = rowCache(2_200);
    for (const key of ['a', 'b', 'c', 'a', 'd', 'e']) cache.set(key, row('x'));
    cache.trim();
    expect(['a', 'b', 'c', 'd', 'e'].filter(key => cache.get(key))).toEqual(['c', 'a', 'd', 'e'].sort());
  });

  test('long texts and lists weigh more', () => {
    const cache = rowCache(2_200);
    cache.set('long', row('x'.repeat(1_500)));
    cache.set('list', row(Array.from({ length: 15 }, () => 'x')));
    cache.trim();
    expect([cache.get('long'), cache.get('list')]).toEqual([undefined, row(Array(15).fill('x'))]);
  });

  test('what is replaced weighs once', () => {
    const cache = rowCache(2_200);
    for (let i = 0; i < 100; i++) cache.set('same', row(i));
    cache.set('other', row('x'));
    cache.trim();
    expect([cache.get('same'), cache.get('other')]).toEqual([row(99), row('x')]);
  });

  test('also what is known not to be there is forgotten in the end', () => {
    const cache = rowCache(1_000);
    for (const key of ['a', 'b', 'c']) cache.set(key, null);
    cache.trim();
    expect(['a', 'b', 'c'].map(key => cache.get(key))).toEqual([undefined, null, null]);
  });
});
