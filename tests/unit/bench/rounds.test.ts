import { expect, test } from 'vitest';
import { alternate, median, medianRound } from '../../../bench/support/rounds.ts';

test('the median is the middle one, or the mean of the two in the middle', () => {
  expect([median([9, 1, 5]), median([4, 1, 2, 9]), median([7])]).toEqual([5, 3, 7]);
});

test('floor and value take turns, and of each figure its median counts', async () => {
  const turns: string[] = [];
  const measured = (name: string, figures: readonly { a: number; b: number }[]) => async () => {
    turns.push(name);
    return figures[turns.filter(turn => turn === name).length - 1] ?? { a: Number.NaN, b: Number.NaN };
  };
  const { floor, value } = await alternate(
    3,
    measured('floor', [
      { a: 1, b: 30 },
      { a: 2, b: 10 },
      { a: 3, b: 20 },
    ]),
    measured('value', [
      { a: 4, b: 0 },
      { a: 6, b: 0 },
      { a: 5, b: 0 },
    ]),
  );
  expect(turns).toEqual(['floor', 'value', 'floor', 'value', 'floor', 'value']);
  expect([floor, value]).toEqual([
    { a: 2, b: 20 },
    { a: 5, b: 0 },
  ]);
});

test('the round in the middle is the one whose ratio is the median, whatever its figures', () => {
  const rounds = [
    { floor: { cpu_ms: 1 }, value: { cpu_ms: 9 } },
    { floor: { cpu_ms: 10 }, value: { cpu_ms: 12 } },
    { floor: { cpu_ms: 5 }, value: { cpu_ms: 5 } },
  ];
  expect(medianRound(rounds, 'cpu_ms')).toEqual({ floor: 10, value: 12 });
  expect(() => medianRound(rounds.slice(1), 'cpu_ms')).toThrow(RangeError);
});
