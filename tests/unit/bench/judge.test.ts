import { expect, test } from 'vitest';
import { judge, type Measurement } from '../../../bench/support/benchmark.ts';

const oks = (...measurements: readonly Measurement[]) => judge('some', measurements).map(({ ok }) => ok);

test('a line says what was measured, with the ratio of value to floor', () => {
  expect(judge('some', [{ metric: 'events_per_s', value: 1234.56, floor: 4000, bar: 0.3 }])).toEqual([
    {
      bench: 'some',
      metric: 'events_per_s',
      value: 1235,
      unit: '1/s',
      floor: 4000,
      ratio: 0.309,
      bar: 0.3,
      ok: true,
    },
  ]);
});

test('without a floor or a bar there is nothing to miss', () => {
  const [bare] = judge('some', [{ metric: 'start_ms', value: 12.345 }]);
  expect(bare).toMatchObject({ value: 12.3, floor: null, ratio: null, bar: null, ok: true });
  expect(oks({ metric: 'start_ms', value: 9, floor: 1 }, { metric: 'start_ms', value: 9, bar: 1 })).toEqual([
    true,
    true,
  ]);
});

test.each([
  ['events_per_s', 0.5, true],
  ['events_per_s', 0.4999, false],
  ['p50_ms', 0.5, true],
  ['p50_ms', 0.5001, false],
  ['peak_mb', 0.5001, false],
])('%s at %f of its floor, with a bar of 0.5: %s', (metric, value, ok) => {
  expect(oks({ metric, value, floor: 1, bar: 0.5 })).toEqual([ok]);
});

test('of measurements that stand for each other one is enough, and only for them', () => {
  const [met, missed] = [
    { metric: 'p50_ms', value: 1, floor: 1, bar: 2 },
    { metric: 'p50_ms', value: 9, floor: 1, bar: 2 },
  ];
  const either = { anyOf: 'either' };
  expect(oks({ ...missed, ...either }, { ...met, ...either }, missed)).toEqual([true, true, false]);
  expect(oks({ ...missed, ...either }, { ...missed, ...either }, met)).toEqual([false, false, true]);
  expect(oks({ ...missed, ...either }, { ...met, anyOf: 'another' })).toEqual([false, true]);
});

test('a metric whose name does not say what is better is refused', () => {
  expect(() => judge('some', [{ metric: 'events', value: 1 }])).toThrow('must end in _per_s, _ms or _mb');
});
