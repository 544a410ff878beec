import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { applyLoad, applyPace, quantilesOf } from '../../../bench/support/load.ts';
import { clock } from '../../../bench/support/ticks.ts';

const PACE = { perSecond: 200, milliseconds: 100 };

test('at a pace requests go out whatever has become of those before', async () => {
  let begun = 0;
  const all = Promise.withResolvers<void>();
  const { sent } = await applyPace(PACE, async () => {
    if (++begun === 20) all.resolve();
    await all.promise; // none is answered before the last one has been sent
  });
  expect([begun, sent]).toEqual([20, 20]);
});

test('at a pace times count from when a request was meant to go', async () => {
  const meant: number[] = [];
  const { p50 } = await applyPace(PACE, async at => {
    meant.push(at);
    if (meant.length === 1) for (const until = clock() + 300; clock() < until; ); // all that follow are late
  });
  const gaps = meant.slice(1).map((at, i) => at - (meant[i] ?? 0));
  for (const gap of gaps) expect(gap).toBeCloseTo(5, 6);
  expect(p50).toBeGreaterThan(200);
});

test('a failure is told, at a pace once all have been answered', async () => {
  let answered = 0;
  const failing = applyPace(PACE, async () => {
    await delay(1);
    if (++answered === 3) throw new Error('refused');
  });
  await expect(failing).rejects.toThrow('refused');
  expect(answered).toBe(20);
  await expect(applyLoad([async () => Promise.reject(new Error('refused'))], 100)).rejects.toThrow('refused');
});

test('of a hundred times the middle one, and the last', () => {
  expect(quantilesOf(Array.from({ length: 100 }, (_, i) => 99 - i))).toEqual({ p50: 50, p99: 99 });
});
