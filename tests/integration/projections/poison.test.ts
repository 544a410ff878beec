/**
 * Any log with any poison in it, cut into any batches, with crashes in between: at each rest every row but the parked
 * ones shows all that happened, and those nothing since. Healed, all is as if nothing had ever been in the way.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askForRetry } from '../../../src/projections/engine/heal.ts';
import type { ReadModel } from '../../../src/projections/readModel.ts';
import { id } from '../../support/ids.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { memoryLog } from './memoryLog.ts';
import { testModels, things } from './models.ts';
import { omitting, type ParkedEntry, parkedIn } from './parked.ts';
import { eventually, reached, run } from './running.ts';
import { expectWhole } from './things.ts';
import { uneven } from './uneven.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());

/** The same things as records, whose streams are their rows. */
const records: ReadModel = { ...things, name: 'thingRecords', of: { category: 'thing' } as ReadModel['of'] }; // only whether there is one is looked at
const plain = [...testModels, records];

const change = fc.record({
  kind: fc.constant('event' as const),
  type: fc.constantFrom('ThingMade', 'ThingChanged', 'ThingChanged', 'ThingRemoved'),
  thing: fc.nat(4),
  workspaceId: fc.constantFrom('default', 'other'),
  data: fc.record(
    { name: fc.constantFrom('a', 'b', 'c'), parts: fc.subarray([id(11), id(12)]) },
    { requiredKeys: [] },
  ),
  poison: fc.option(
    fc.oneof(
      fc.constantFrom('unreadable' as const, 'too large' as const, 'unstorable' as const),
      fc.constantFrom(
        'things' as const,
        'thingParts' as const,
        'thingFacts' as const,
        'thingRecords' as const,
      ),
    ),
    { freq: 6 },
  ),
});
const disturbance = fc.record({ kind: fc.constantFrom('rest' as const, 'crash' as const, 'cut' as const) });
const story = fc.record({
  steps: fc.array(fc.oneof({ weight: 9, arbitrary: change }, { weight: 1, arbitrary: disturbance }), {
    minLength: 20,
    maxLength: 60,
    size: 'max',
  }),
  sizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 }),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** Until they are cured, models can't fold what breaks them, and make rows that Postgres refuses. */
function sick() {
  let cured = false;
  const of = (model: ReadModel): ReadModel => ({
    ...model,
    handler: event => {
      const handler = model.handler(event);
      const poison = event.data.poison as Change['poison'] | undefined;
      if (!handler || cured || !poison) return handler;
      return {
        ...handler,
        evolve: (row, ...rest) => {
          if (poison === model.name) throw new Error('it is broken');
          const next = handler.evolve(row, ...rest);
          if (!next || !('size' in next)) return next;
          if (poison === 'too large') return { ...next, size: 2 ** 31 };
          return poison === 'unstorable' ? { ...next, note: 'a\0b' } : next;
        },
      };
    },
  });
  return {
    models: plain.map(of),
    cure: () => {
      cured = true;
    },
  };
}

test('parked and healed at random', async () => {
  let poisoned = 0;
  await fc.assert(
    fc.asyncProperty(story, async ({ steps, sizes }) => {
      await postgres.reset();
      const log = memoryLog();
      const { models, cure } = sick();
      const source = uneven(log.source, sizes);
      const start = () => run({ pool: postgres.pool, source, models, leaseMs: 300, lookMs: 20 });
      let projector = await start();
      let end = -1n;
      const atRest = async (): Promise<readonly ParkedEntry[]> => {
        expect(await reached(projector, end)).toMatchObject({ state: 'live' });
        const parked = await parkedIn(postgres.pool);
        await expectWhole(postgres.pool, log, { models: omitting(plain, parked) });
        return parked;
      };
      try {
        for (const step of steps) {
          if (step.kind === 'rest') await atRest();
          if (step.kind === 'cut') log.cut();
          if (step.kind === 'crash') {
            await killConnections();
            await projector.close();
            projector = await start();
          }
          if (step.kind !== 'event') continue;
          const { type, thing, workspaceId, poison } = step;
          const data = { ...step.data, ...(poison && { poison }) };
          const event = { type, aggregateId: id(thing), workspaceId, data };
          end = poison === 'unreadable' ? log.appendUnreadable(event) : log.append(event);
        }
        const parked = await atRest();
        poisoned += parked.length;
        cure();
        log.mend();
        // Asked for again and again: a build that was begun before has parked for itself.
        await eventually(
          async () => {
            const left = await parkedIn(postgres.pool);
            await askForRetry(
              postgres.pool,
              left.map(entry => entry.id),
            );
            return left;
          },
          left => expect(left).toEqual([]),
        );
        await expectWhole(postgres.pool, log, { models: plain });
      } finally {
        await projector.close();
      }
    }),
    { numRuns: Number(process.env.RELATA_FAULT_ROUNDS ?? 4), endOnFailure: true },
  );
  expect(poisoned).toBeGreaterThan(0);
}, 600_000);

/** As a crash of Postgres does; nobody who holds a connection has done anything to it. */
const killConnections = () =>
  postgres.pool
    .query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )
    .catch(() => undefined);
