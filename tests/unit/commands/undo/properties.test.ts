/** Any life of any record: what a series did is taken back, what others did stays. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTrace } from '../../../../src/commands/undo/trace.ts';
import type { Aggregate, Folded } from '../../../../src/domain/kernel/aggregate.ts';
import type { RecordState } from '../../../../src/domain/kernel/record.ts';
import { wishesTo } from '../../../support/wishes.ts';
import { catalog } from '../../../support/writeSide.ts';
import { comparable, OTHERS, openStream, SERIES, type Stream } from './stream.ts';

/** Those of which anything can be taken back. */
const aggregates = [...catalog.aggregates].filter(([, { undo }]) =>
  [...undo.values()].some(rule => !('never' in rule)),
);
const RUNS = { numRuns: 100 };

test('every event type says how it is taken back', () => {
  for (const { category, eventTypes, undo } of catalog.aggregates.values())
    expect([...undo.keys()].sort(), `undo of ${category}`).toEqual([...eventTypes.keys()].sort());
});

describe.each(aggregates)('%s', (_, aggregate) => {
  const lives = wishesTo(aggregate, { maxLength: 12 });

  // Nothing takes an erasure back: series.test.ts.
  const unerased = lives.map(wishes => wishes.filter(({ name }) => !name.startsWith('erase')));

  test('what a series did at the end is taken back, once', () =>
    fc.assert(
      fc.asyncProperty(unerased, fc.nat(12), async (wishes, begin) => {
        const stream = openStream(aggregate);
        for (const wish of wishes.slice(0, begin)) await stream.send(wish, OTHERS);
        const before = stream.folded();
        for (const wish of wishes.slice(begin)) await stream.send(wish, SERIES);
        const after = stream.folded();
        const { leftAlone } = await stream.undo(SERIES, 'undo');
        expect(leftAlone).toEqual([]);
        expect(now(aggregate, stream)).toEqual(
          comparable(aggregate, isBegun(aggregate, before, after) ? inArchive(after) : before),
        );
        expect((await stream.plan(SERIES)).events).toEqual([]);

        await stream.undo('undo', 'redo');
        expect(now(aggregate, stream), 'its undo is undone').toEqual(comparable(aggregate, after));
        await stream.undo('redo', 'third');
        await stream.undo('third', 'fourth');
        expect(now(aggregate, stream)).toEqual(comparable(aggregate, after));
      }),
      RUNS,
    ));

  test('is the same in many small appends as in one', () =>
    fc.assert(
      fc.asyncProperty(lives, async wishes => {
        const [whole, cut] = [openStream(aggregate), openStream(aggregate)];
        for (const stream of [whole, cut]) {
          for (const [i, wish] of wishes.entries()) await stream.send(wish, i < 3 ? OTHERS : SERIES);
        }
        await whole.undo(SERIES, 'undo');
        for (let rounds = 0, isCut = true; isCut; rounds++) {
          expect(rounds).toBeLessThan(100);
          ({ isCut } = await cut.undo(SERIES, 'undo', 0));
        }
        expect(cut.events.map(({ type, data }) => ({ type, data }))).toEqual(
          whole.events.map(({ type, data }) => ({ type, data })),
        );
      }),
      RUNS,
    ));

  test('what others said since stands, and is told', () =>
    fc.assert(
      fc.asyncProperty(lives, fc.infiniteStream(fc.boolean()), async (wishes, coin) => {
        const stream = openStream(aggregate);
        for (const wish of wishes) await stream.send(wish, coin.next().value ? SERIES : OTHERS);
        const before = stream.folded().record;
        const said = lastWords(aggregate, stream);
        const { takenBack, leftAlone, events } = await stream.undo(SERIES, 'undo');

        for (const part of takenBack.flatMap(({ parts }) => parts))
          expect(said.get(part)?.correlationId, `${part} is the series' to take back`).toBe(SERIES);
        for (const { event, by } of leftAlone.filter(({ why }) => why === 'EDITED_SINCE')) {
          expect(by?.correlationId).toBe(OTHERS);
          expect(by?.revision).toBeGreaterThan(event?.revision ?? Number.NaN);
        }
        expectKept(stream, before, said);
        if (events.length === 0) expect(stream.folded().record).toEqual(before);
        expect((await stream.plan(SERIES)).events, 'and nothing is left to do').toEqual([]);
      }),
      RUNS,
    ));
});

/** Whether the record came into being in between. */
const isBegun = ({ singleton }: Aggregate, before: Folded<unknown>, after: Folded<unknown>) =>
  !singleton && !before.record.exists && after.record.exists;

const inArchive = ({ state, record }: Folded<unknown>) => ({ state, record: { ...record, archived: true } });

const now = (aggregate: Aggregate, stream: Stream) => comparable(aggregate, stream.folded());

/** What others said last is as they said it. */
function expectKept(stream: Stream, before: RecordState, said: ReturnType<typeof lastWords>): void {
  for (const field of Object.keys(before.details))
    if (said.get(field)?.correlationId === OTHERS)
      expect(stream.folded().record.details[field], field).toEqual(before.details[field]);
}

/** Who spoke last of each part. */
function lastWords(aggregate: Aggregate, { events }: Stream) {
  const trace = createTrace(aggregate, () => true);
  for (const event of events) trace.add(event);
  return new Map(trace.mine.flatMap(({ words, speech }) => words.map(({ part }) => [part, speech] as const)));
}
