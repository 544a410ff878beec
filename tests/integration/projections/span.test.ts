/** A build that folds in spans: what it leaves is what the events make, whatever happens in the middle of one. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { progressOf, requestBuilds } from '../../../src/projections/engine/buildRequests.ts';
import { askForRetry } from '../../../src/projections/engine/heal.ts';
import type { ReadModel } from '../../../src/projections/readModel.ts';
import { id } from '../../support/ids.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { gate } from './gate.ts';
import { type MemoryLog, memoryLog } from './memoryLog.ts';
import { testModels, thingFacts, things } from './models.ts';
import { omitting, parkedIn } from './parked.ts';
import { checkpoints, eventually, reached, run, shownBuild } from './running.ts';
import { expectWhole, make, projected } from './things.ts';
import { uneven } from './uneven.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(() => postgres.reset());

const NAMES = testModels.map(({ name }) => name);

/** All models are built anew, and shown. */
async function rebuilt({ source }: Pick<MemoryLog, 'source'>): Promise<void> {
  const projector = await run({ pool: postgres.pool, source });
  for (const name of NAMES) await projector.rebuild(name);
  for (const name of NAMES)
    await eventually(
      () => shownBuild(postgres.pool, name),
      schema => expect(schema).toMatch(/_b2$/),
    );
  await projector.close();
}

/** How many events the builds have folded in spans; what a span can't write is done over in smaller steps. */
async function inSpans(): Promise<readonly number[]> {
  const { rows } = await postgres.pool.query<{ handled: number }>(
    `SELECT handled::int FROM relata.builds WHERE build = 2`,
  );
  return rows.map(({ handled }) => handled);
}

/** It fits into no column. */
const TOO_LARGE = 2 ** 31;

const change = fc.record({
  type: fc.constantFrom('ThingMade', 'ThingChanged', 'ThingChanged', 'ThingRemoved', 'ThingBroken'),
  thing: fc.nat(3),
  workspaceId: fc.constantFrom('default', 'other'),
  data: fc.record(
    {
      name: fc.string({ unit: fc.constantFrom('a', '\t', '\n', '\r', '\\', '"', '{', ',', 'é', '\\N') }),
      tags: fc.array(fc.constantFrom('a', '\\', '"', '\t', 'NULL', ''), { maxLength: 3 }),
      extra: fc.constantFrom(null, { a: ['\t\\n"'] }, [], 0, 'x\ny'),
      size: fc.oneof({ weight: 60, arbitrary: fc.constantFrom(null, 0) }, fc.constant(TOO_LARGE)),
      price: fc.constantFrom(null, { amount: '12.50', currency: 'EUR' }),
      seenAt: fc.constantFrom(null, '2024-02-29T12:00:00.000Z'),
      parts: fc.subarray([id(11), id(12)]),
    },
    { requiredKeys: [] },
  ),
});

test('rows, history, facts and what is parked are the same as those that were followed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 5, maxLength: 40, size: 'max' }), async changes => {
      await postgres.reset();
      const log = memoryLog();
      for (const { thing, ...event } of changes) log.append({ ...event, aggregateId: id(thing) });
      make(log);
      await projected(postgres.pool, log);
      const followed = (await parkedIn(postgres.pool)).map(whatIsParked).sort();
      await rebuilt(log);
      const isWritable = changes.every(({ data }) => data.size !== TOO_LARGE);
      if (isWritable) expect(await inSpans()).toEqual(NAMES.map(() => changes.length + 1));
      const parked = await parkedIn(postgres.pool);
      expect(parked.map(whatIsParked).sort()).toEqual(followed);
      await expectWhole(postgres.pool, log, { models: omitting(testModels, parked) });
    }),
    { numRuns: 6, endOnFailure: true },
  );
}, 120_000);

const whatIsParked = ({
  model,
  scope,
  key,
  position,
  code,
  reason,
  behind,
}: Awaited<ReturnType<typeof parkedIn>>[number]) =>
  [model, scope, key, position, code, reason, behind].join();

test('rows that don’t fit into memory are put down, and taken up again', async () => {
  const log = memoryLog();
  const ids = Array.from({ length: 260 }, () => randomUUID());
  const note = 'n'.repeat(100_000);
  for (const type of ['ThingMade', 'ThingChanged', 'ThingChanged'])
    for (const [i, aggregateId] of ids.entries())
      log.append({ type, aggregateId, data: { name: `${i}`, note: `${type} ${note}` } });
  await projected(postgres.pool, log);
  await rebuilt({ source: uneven(log.source, [50]) });
  expect(await inSpans()).toEqual(NAMES.map(() => 3 * ids.length));
  await expectWhole(postgres.pool, log);
}, 120_000);

test('a span that is cut short by a crash is as if it had never been', async () => {
  const log = memoryLog();
  make(log, 30);
  await projected(postgres.pool, log);
  const held = gate(log.source, after => (after ? undefined : 20));
  const first = await run({ pool: postgres.pool, source: held.source });
  await first.rebuild('things');
  await eventually(
    async () => (await checkpoints(postgres.pool)).things_v1_b2,
    position => expect(position).toBe('2000'),
  );
  // Its connections are gone while the next events are on their way.
  const killed = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`;
  held.open();
  await postgres.pool.query(killed).catch(() => undefined);
  await eventually(
    () => shownBuild(postgres.pool, 'things'),
    schema => expect(schema).toBe('things_v1_b2'),
  );
  await reached(first, make(log));
  await expectWhole(postgres.pool, log);
});

/** Things that can't be folded any more from some moment on, as after a change of the code that says no new version. */
const worsening = () => {
  let worse = false;
  const models: readonly ReadModel[] = testModels.map(model => ({
    ...model,
    handler: event => {
      const handler = model.handler(event);
      if (!worse || model.name !== 'things' || event.data.name !== 'odd') return handler;
      return (
        handler && {
          ...handler,
          evolve: () => {
            throw new Error('odd');
          },
        }
      );
    },
  }));
  return {
    models,
    turn: (to: boolean) => {
      worse = to;
    },
  };
};

describe('a build that has parked what is whole at present', () => {
  test.each(['healed', 'accepted'])('is held back until it is %s', async how => {
    const log = memoryLog();
    make(log, 5);
    const aggregateId = randomUUID();
    log.append({ type: 'ThingMade', aggregateId, data: { name: 'odd' } });
    const { models, turn } = worsening();
    const projector = await run({ pool: postgres.pool, source: log.source, models, lookMs: 20 });
    await reached(projector, make(log));
    turn(true);
    const asked = await requestBuilds(postgres.pool, [things, thingFacts]);
    const progress = async () => (await progressOf(postgres.pool, asked)).builds;
    await eventually(progress, builds =>
      expect(builds).toMatchObject([
        { model: 'things', state: 'held', parked: 1 },
        { model: 'thingFacts', state: 'shown', parked: 0 },
      ]),
    );
    await reached(projector, make(log, 3)); // it stays level
    expect((await progress())[0]).toMatchObject({ state: 'held' });
    expect(await parkedIn(postgres.pool)).toEqual([]);
    if (how === 'accepted') await requestBuilds(postgres.pool, [things], 'accept');
    else {
      turn(false);
      const { rows } = await postgres.pool.query<{ id: string }>('SELECT id::text FROM relata.parked');
      await askForRetry(
        postgres.pool,
        rows.map(({ id: each }) => each),
      );
    }
    await eventually(progress, builds => expect(builds[0]).toMatchObject({ state: 'shown' }));
    const parked = await parkedIn(postgres.pool);
    expect(parked.map(({ key }) => key)).toEqual(how === 'accepted' ? [aggregateId] : []);
    turn(false);
    await expectWhole(postgres.pool, log, { models: omitting(models, parked) });
  });
});
