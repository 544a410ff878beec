import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ticksOf } from '../../../src/projections/engine/logClock.ts';
import { id } from '../../support/ids.ts';
import { recorded } from '../../support/recorded.ts';

const at = (seconds: number) => new Date(Date.UTC(2024, 0, 1, 0, 0, seconds)).toISOString();
const recordedAt = (seconds: readonly number[]) =>
  seconds.map((second, i) =>
    recorded({ type: 'T', aggregateId: id(1), position: BigInt(i), recordedAt: at(second) }),
  );

test('a tick is where the running maximum rises: writers’ clocks may jump back, time doesn’t', () => {
  expect(ticksOf(recordedAt([5, 3, 5, 9, 8]), undefined)).toEqual([
    { recordedAt: at(5), position: 0n },
    { recordedAt: at(9), position: 3n },
  ]);
});

test('the maximum is carried from batch to batch, wherever they are cut', () =>
  fc.assert(
    fc.property(fc.array(fc.nat(30), { maxLength: 30 }), fc.nat(30), (seconds, cut) => {
      const events = recordedAt(seconds);
      const first = ticksOf(events.slice(0, cut), undefined);
      const second = ticksOf(events.slice(cut), first.at(-1)?.recordedAt);
      expect([...first, ...second]).toEqual(ticksOf(events, undefined));
    }),
  ));
