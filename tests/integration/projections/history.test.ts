/**
 * History against a fold that knows nothing of versions: what was true at an instant, as known at a position, is what
 * the events make that had happened by the one and were in the log by the other.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RecordedEvent } from '../../../src/eventstore/envelope.ts';
import { resolveKnownAt } from '../../../src/projections/engine/logClock.ts';
import type { Row } from '../../../src/projections/readModel.ts';
import { id } from '../../support/ids.ts';
import { bothSides } from './compare.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { memoryLog, type NewTestEvent } from './memoryLog.ts';
import { testModels, things } from './models.ts';
import { reached, run } from './running.ts';
import { uneven } from './uneven.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());

const BEGIN = Date.parse('2024-01-01T00:00:00.000Z');
const at = (seconds: number) => new Date(BEGIN + seconds * 1_000).toISOString();

const change = fc.record({
  kind: fc.constant('event' as const),
  type: fc.constantFrom('ThingMade', 'ThingChanged', 'ThingChanged', 'ThingRemoved', 'Unwanted'),
  thing: fc.nat(3),
  workspaceId: fc.constantFrom('default', 'other'),
  data: fc.record(
    { name: fc.constantFrom('a', 'b', 'c'), size: fc.nat(9), parts: fc.subarray([id(11), id(12)]) },
    { requiredKeys: [] },
  ),
  /** Seconds since the stream's last event, in the business. */
  later: fc.nat(5),
  /** Seconds that the writer's clock is off. */
  drift: fc.integer({ min: -20, max: 20 }),
});
const disturbance = fc.record({ kind: fc.constantFrom('restart' as const, 'cut' as const) });
const story = fc.record({
  steps: fc.array(fc.oneof({ weight: 12, arbitrary: change }, { weight: 1, arbitrary: disturbance }), {
    minLength: 20,
    maxLength: 60,
    size: 'max',
  }),
  sizes: fc.array(fc.nat(6), { minLength: 1, maxLength: 6 }).filter(sizes => sizes.some(size => size > 0)),
  asked: fc.array(fc.tuple(fc.nat(60), fc.double({ min: 0, max: 1, noNaN: true })), {
    minLength: 5,
    maxLength: 9,
  }),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** Events of changes: both clocks of a stream only move on, the writers' clocks jump. */
function recorder() {
  const last = new Map<string, number>();
  let written = 0;
  return ({ type, thing, workspaceId, data, later, drift }: Change): NewTestEvent => {
    const stream = `${workspaceId}/${thing}`;
    const occurred = (last.get(stream) ?? 0) + later;
    last.set(stream, occurred);
    written += 1;
    const given = type === 'ThingMade' ? { name: 'new', ...data } : data;
    return {
      type,
      aggregateId: id(thing),
      workspaceId,
      data: given,
      occurredAt: at(occurred),
      recordedAt: at(written + drift),
    };
  };
}

test(
  'every row, every version and every answer is what the events make',
  () =>
    fc.assert(
      fc.asyncProperty(story, async ({ steps, sizes, asked }) => {
        await postgres.reset();
        const log = memoryLog();
        const record = recorder();
        const start = () => run({ pool: postgres.pool, source: uneven(log.source, sizes) });
        let projector = await start();
        for (const step of steps) {
          if (step.kind === 'event') log.append(record(step));
          else if (step.kind === 'cut') log.cut();
          else {
            await projector.close();
            projector = await start();
          }
        }
        const end = log.append({ type: 'Unwanted', aggregateId: id(9) });
        expect((await reached(projector, end)).failure).toBe(undefined);
        await projector.close();

        const events = log.events();
        const { stored, folded } = await bothSides(postgres.pool, testModels, events);
        expect(stored).toEqual(folded);
        for (const [seconds, share] of asked) {
          const instant = at(seconds);
          const knownAt = BigInt(Math.round(share * Number(end)));
          expect(await answered(instant, knownAt)).toEqual(truth(events, instant, knownAt));
          expect(await resolveKnownAt(postgres.pool, instant)).toBe(knownBy(events, instant) ?? end);
        }
      }),
      { numRuns: 8 },
    ),
  60_000,
);

const sorted = (rows: readonly Row[]) => rows.map(row => JSON.stringify(row)).sort();

/** From the view, by the condition that queries use (src/projections/query/moment.ts). */
async function answered(instant: string, knownAt: bigint): Promise<readonly string[]> {
  const { rows } = await postgres.pool.query<Row>(
    `SELECT workspace_id AS "workspaceId", id, name, size FROM crm.things_history
     WHERE valid_from <= $1 AND known_from <= $2 AND NOT (valid_to <= $1 AND known_to <= $2)`,
    [instant, knownAt],
  );
  return sorted(rows);
}

/** Each thing folded from the events that had happened and were known. */
function truth(events: readonly RecordedEvent[], instant: string, knownAt: bigint): readonly string[] {
  const rows = new Map<string, Row | null>();
  for (const event of events) {
    if (event.occurredAt > instant || event.position > knownAt) continue;
    const { workspaceId, aggregateId } = event;
    const key = `${workspaceId}/${aggregateId}`;
    const handler = things.handler(event);
    if (!handler) continue;
    const row = handler.evolve(rows.get(key) ?? undefined, event, aggregateId);
    rows.set(key, row && { ...row, workspaceId, id: aggregateId });
  }
  return sorted(
    [...rows.values()].flatMap(row => {
      const { workspaceId, id, name, size = null } = row ?? {};
      return row ? [{ workspaceId, id, name, size }] : [];
    }),
  );
}

/** Right before the first event that was recorded later; nothing when none was. */
const knownBy = (events: readonly RecordedEvent[], instant: string): bigint | undefined => {
  const later = events.find(({ recordedAt }) => recordedAt > instant);
  return later && later.position - 1n;
};
