import { expect, test } from 'vitest';
import { judge } from '../../../bench/support/benchmark.ts';
import { besideServer } from '../../../bench/support/realServer.ts';

test('a value with a floor must be level with it or better, whichever way is better', () => {
  const values = { appends_per_s: 500, reads_per_s: 499, p50_ms: 12, p99_ms: 13 };
  const floors = { appends_per_s: 500, reads_per_s: 500, p50_ms: 12, p99_ms: 12 };
  expect(judge('some', besideServer(values, floors)).map(({ metric, ok }) => [metric, ok])).toEqual([
    ['appends_per_s', true],
    ['reads_per_s', false],
    ['p50_ms', true],
    ['p99_ms', false],
  ]);
});

test('a value of which nothing is known elsewhere is told without a bar; a floor without a value not at all', () => {
  expect(besideServer({ peak_mb: 90, start_ms: 400 }, { start_ms: 2_000, resident_mb: 150 })).toEqual([
    { metric: 'peak_mb', value: 90 },
    { metric: 'start_ms', value: 400, floor: 2_000, bar: 1 },
  ]);
});
