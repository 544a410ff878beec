/** What is parked is folded again from its stream, and then is what it would be had it never been parked. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { askForRetry } from '../../../src/projections/engine/heal.ts';
import type { ReadModel } from '../../../src/projections/readModel.ts';
import { id } from '../../support/ids.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { memoryLog } from './memoryLog.ts';
import { testModels, thingFacts, thingParts, things } from './models.ts';
import { omitting, parkedIn } from './parked.ts';
import { eventually, reached, run, shownBuild } from './running.ts';
import { expectWhole, make } from './things.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(() => postgres.reset());

const LOOK = { lookMs: 20 };

/** Models whose declarations are wrong until they are put right. */
function curable() {
  let cured = false;
  const cure = () => {
    cured = true;
  };
  const of = (model: ReadModel): ReadModel => ({
    ...model,
    handler: event => {
      const handler = model.handler(event);
      if (!handler || event.data.breaks !== model.name) return handler;
      const evolve: typeof handler.evolve = (row, ...rest) => {
        if (!cured) throw new Error('not yet');
        return handler.evolve(row, ...rest);
      };
      return { ...handler, evolve };
    },
  });
  return { cure, models: testModels.map(of) };
}

const retryAll = async () => {
  const parked = await parkedIn(postgres.pool);
  await askForRetry(
    postgres.pool,
    parked.map(entry => entry.id),
  );
};
const nothingParked = () =>
  eventually(
    () => parkedIn(postgres.pool),
    parked => expect(parked).toEqual([]),
  );

test('a row is healed with all that came since, and goes on', async () => {
  const log = memoryLog();
  const { cure, models } = curable();
  const aggregateId = randomUUID();
  const change = (data: object) => log.append({ type: 'ThingChanged', aggregateId, data: { ...data } });
  log.append({ type: 'ThingMade', aggregateId, data: { name: 'whole' } });
  change({ note: 'before' }); // so that there is a version to be replaced
  change({ name: 'breaks', breaks: 'things' });
  change({ note: 'since' });
  const projector = await run({ pool: postgres.pool, source: log.source, models, ...LOOK });
  await reached(projector, make(log));
  expect(await parkedIn(postgres.pool)).toMatchObject([{ model: 'things', behind: 1, attempts: 0 }]);

  await retryAll();
  await eventually(
    () => parkedIn(postgres.pool),
    parked => expect(parked).toMatchObject([{ attempts: 1, reason: 'not yet', position: '300', behind: 1 }]),
  );
  await expectWhole(postgres.pool, log, { models: omitting(models, await parkedIn(postgres.pool)) });

  cure();
  await retryAll();
  await nothingParked();
  await expectWhole(postgres.pool, log, { models });
  const { parked } = await reached(projector, change({ name: 'after' }));
  expect(parked).toBe(0);
  await expectWhole(postgres.pool, log, { models });
});

test('a fact that is missing is put in its place', async () => {
  const log = memoryLog();
  const { cure, models } = curable();
  log.append({ type: 'ThingMade', aggregateId: id(1), data: { name: 'n', breaks: 'thingFacts' } });
  const projector = await run({ pool: postgres.pool, source: log.source, models, ...LOOK });
  await reached(projector, make(log, 3));
  cure();
  await retryAll();
  await nothingParked();
  await expectWhole(postgres.pool, log, { models });
});

test('what several streams make is built anew', async () => {
  const log = memoryLog();
  const { cure, models } = curable();
  const data = { name: 'n', parts: [id(5)] };
  log.append({ type: 'ThingMade', aggregateId: id(1), data });
  log.append({ type: 'ThingMade', aggregateId: id(2), data: { ...data, breaks: 'thingParts' } });
  log.append({ type: 'ThingMade', aggregateId: id(3), data });
  const projector = await run({ pool: postgres.pool, source: log.source, models, ...LOOK });
  await reached(projector, make(log));
  expect(await parkedIn(postgres.pool)).toMatchObject([{ model: 'thingParts', key: id(5), behind: 1 }]);
  cure();
  await retryAll();
  await eventually(
    () => shownBuild(postgres.pool, 'thingParts'),
    schema => expect(schema).toBe('thing_parts_v1_b2'),
  );
  expect(await parkedIn(postgres.pool)).toEqual([]);
  await expectWhole(postgres.pool, log, { models });
});

test('a Relata that can read the stream heals it by itself', async () => {
  const log = memoryLog();
  const aggregateId = randomUUID();
  log.append({ type: 'ThingMade', aggregateId, data: { name: 'whole', parts: [id(5)] } });
  log.appendUnreadable({
    type: 'ThingChanged',
    aggregateId,
    data: { note: 'of a later version', parts: [] },
  });
  log.append({ type: 'ThingChanged', aggregateId, data: { name: 'since', parts: [id(5)] } });
  const old = await run({ pool: postgres.pool, source: log.source });
  await reached(old, make(log));
  expect(await parkedIn(postgres.pool)).toHaveLength(3);
  await old.close();
  log.mend();
  const next = await run({ pool: postgres.pool, source: log.source, ...LOOK });
  await reached(next, make(log));
  await nothingParked();
  await expectWhole(postgres.pool, log);
});

test('a row that a healed event takes away is gone', async () => {
  const log = memoryLog();
  const aggregateId = randomUUID();
  log.append({ type: 'ThingMade', aggregateId, data: { name: 'whole' } });
  log.appendUnreadable({ type: 'ThingRemoved', aggregateId });
  const models = [{ ...things, of: { category: 'thing' } as ReadModel['of'] }, thingParts, thingFacts]; // a record's
  const projector = await run({ pool: postgres.pool, source: log.source, models, ...LOOK });
  await reached(projector, make(log));
  expect(await parkedIn(postgres.pool)).toMatchObject([
    { model: 'thingFacts' },
    { model: 'thingParts', scope: 'stream' },
    { model: 'things', scope: 'row', key: aggregateId },
  ]);
  log.mend();
  await retryAll();
  await nothingParked();
  await expectWhole(postgres.pool, log, { models });
  const { rows } = await postgres.pool.query('SELECT FROM crm.things WHERE id = $1', [aggregateId]);
  expect(rows).toEqual([]);
});

test('a second event in the way keeps it parked, and is told', async () => {
  const log = memoryLog();
  const aggregateId = randomUUID();
  log.append({ type: 'ThingMade', aggregateId, data: { name: 'whole' } });
  log.appendUnreadable({ type: 'ThingChanged', aggregateId, data: { note: 'dreamt' } });
  log.append({ type: 'ThingChanged', aggregateId, data: { size: 2 ** 31 } });
  const models = [{ ...things, of: { category: 'thing' } as ReadModel['of'] }]; // a record's
  const projector = await run({ pool: postgres.pool, source: log.source, models, ...LOOK });
  await reached(projector, make(log));
  log.mend();
  await retryAll();
  await eventually(
    () => parkedIn(postgres.pool),
    parked =>
      expect(parked).toMatchObject([
        {
          attempts: 1,
          code: 'WRITE_FAILED',
          reason: 'a value is out of range for type integer',
          revision: 1,
        },
      ]),
  );
  await expectWhole(postgres.pool, log, { models: omitting(models, await parkedIn(postgres.pool)) });
});
