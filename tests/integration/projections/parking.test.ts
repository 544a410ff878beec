/** An event that can't be folded, written or read: what it touches is parked, all else goes on, and nothing is silent. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ReadModel } from '../../../src/projections/readModel.ts';
import { id } from '../../support/ids.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { memoryLog, type NewTestEvent } from './memoryLog.ts';
import { testModels, thingFacts, thingParts, things } from './models.ts';
import { omitting, parkedIn } from './parked.ts';
import { checkpoints, eventually, reached, run, shownBuild, silent, until } from './running.ts';
import { expectWhole, make } from './things.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(() => postgres.reset());

/** Every row but the parked ones is whole, and those are as they were before. */
const expectOthersWhole = async (
  log: ReturnType<typeof memoryLog>,
  models: readonly ReadModel[] = testModels,
) => expectWhole(postgres.pool, log, { models: omitting(models, await parkedIn(postgres.pool)) });

const BROKEN = { type: 'ThingBroken', data: {} };
const TOO_LARGE = { type: 'ThingChanged', data: { size: 2 ** 31, parts: [id(77)] } };
const UNSTORABLE = { type: 'ThingChanged', data: { name: 'a\0b' } };

describe.each([
  ['can’t be folded', BROKEN, ['things'], { code: 'FOLD_FAILED', reason: 'it is broken' }],
  [
    'Postgres refuses',
    TOO_LARGE,
    ['things'],
    { code: 'WRITE_FAILED', reason: 'a value is out of range for type integer' },
  ],
  [
    'holds a text that Postgres doesn’t',
    UNSTORABLE,
    ['things', 'thingFacts'],
    { code: 'WRITE_FAILED', reason: expect.not.stringContaining('a\0b') },
  ],
])('an event that %s', (_, event: Omit<NewTestEvent, 'aggregateId'>, models, why) => {
  test.each([0, 1, 7, 30])(
    'parks what it touches, and the rest goes on, %i events after others',
    async before => {
      const log = memoryLog();
      const aggregateId = randomUUID();
      make(log, before);
      log.append({ type: 'ThingMade', aggregateId, data: { name: 'whole' } });
      const position = log.append({ ...event, aggregateId });
      const told: unknown[] = [];
      const logger = { ...silent, error: (fields: object) => void told.push(fields) };
      const projector = await run({ pool: postgres.pool, source: log.source, logger });
      make(log, 5);
      log.append({ type: 'ThingChanged', aggregateId, data: { name: 'later' } });
      const end = make(log);
      const status = await reached(projector, end);

      const parked = await parkedIn(postgres.pool);
      const stream = `thing-default.${aggregateId}`;
      const named = { stream, revision: 1, type: event.type, position: String(position) };
      expect(parked.map(({ model }) => model).sort()).toEqual([...models].sort());
      expect(parked.find(({ model }) => model === 'things')).toMatchObject({
        ...named,
        ...why,
        scope: 'row',
        key: aggregateId,
        behind: 1,
        attempts: 0,
      });
      expect(status).toMatchObject({ state: 'live', parked: models.length });
      expect(told).toHaveLength(models.length);
      expect(told).toContainEqual(expect.objectContaining({ ...named, code: why.code, model: 'things' }));
      await expectOthersWhole(log);
      const { rows } = await postgres.pool.query('SELECT name FROM crm.things WHERE id = $1', [aggregateId]);
      expect(rows).toEqual([{ name: 'whole' }]);
      expect(new Set(Object.values(await checkpoints(postgres.pool)))).toEqual(new Set([String(end)]));
    },
  );
});

test('what is parked stays so for the next owner, who is told of later events', async () => {
  const log = memoryLog();
  const aggregateId = randomUUID();
  log.append({ type: 'ThingMade', aggregateId, data: { name: 'whole' } }, { ...BROKEN, aggregateId });
  const first = await run({ pool: postgres.pool, source: log.source });
  await reached(first, make(log));
  await first.close();
  const told: unknown[] = [];
  const logger = { ...silent, error: (fields: object) => void told.push(fields) };
  const next = await run({ pool: postgres.pool, source: log.source, logger });
  const { parked } = await reached(next, log.append({ type: 'ThingRemoved', aggregateId }));
  expect([parked, told]).toEqual([1, []]);
  expect(await parkedIn(postgres.pool)).toMatchObject([{ behind: 1 }]);
  await expectOthersWhole(log);
});

describe('an event that can’t be read', () => {
  test('parks its stream, and its own fact', async () => {
    const log = memoryLog();
    const aggregateId = randomUUID();
    log.append({ type: 'ThingMade', aggregateId, data: { name: 'whole', parts: [id(1)] } });
    const position = log.appendUnreadable({ type: 'ThingDreamt', aggregateId });
    log.append({ type: 'ThingChanged', aggregateId, data: { name: 'later', parts: [id(2)] } });
    const projector = await run({ pool: postgres.pool, source: log.source });
    await reached(projector, make(log, 3));
    const named = {
      code: 'UNDECODABLE',
      reason: 'unknown event type',
      position: String(position),
      revision: 1,
    };
    expect(await parkedIn(postgres.pool)).toMatchObject([
      { model: 'thingFacts', scope: 'row', behind: 0, ...named },
      { model: 'thingParts', scope: 'stream', key: aggregateId, behind: 1, ...named },
      { model: 'things', scope: 'stream', key: aggregateId, behind: 1, ...named },
    ]);
    await expectOthersWhole(log);
  });

  test('and in no stream of ours that could be parked stops the projector', async () => {
    const log = memoryLog();
    make(log, 4);
    const unknown = { stream: 'thing-default.x', revision: 3, type: 'ThingDreamt', reason: 'unknown' };
    const position = log.appendRaw({ kind: 'undecodable', ...unknown });
    make(log);
    const projector = await run({ pool: postgres.pool, source: log.source });
    const { failure } = await until(projector, ({ state }) => state === 'failed');
    expect(failure).toMatchObject({ code: 'UNDECODABLE', stream: unknown.stream, revision: 3, position });
    expect(failure?.message).toBe(`ThingDreamt at revision 3 of thing-default.x can't be read: unknown.`);
    expect(await parkedIn(postgres.pool)).toEqual([]);
  });
});

test('a build parks for itself, and what the present one has parked is its own', async () => {
  const log = memoryLog();
  const aggregateId = randomUUID();
  log.append({ type: 'ThingMade', aggregateId, data: { name: 'n' } }, { ...BROKEN, aggregateId });
  const first = await run({ pool: postgres.pool, source: log.source });
  await reached(first, make(log, 3));
  await first.close();
  const lenient: ReadModel = {
    ...things,
    version: 2,
    handler: event => (event.type === 'ThingBroken' ? undefined : things.handler(event)),
  };
  const models = [lenient, thingParts, thingFacts];
  const next = await run({ pool: postgres.pool, source: log.source, models });
  await eventually(
    () => shownBuild(postgres.pool, 'things'),
    schema => expect(schema).toBe('things_v2_b1'),
  );
  const { parked } = await reached(next, make(log));
  expect([parked, await parkedIn(postgres.pool)]).toEqual([0, []]);
  await expectWhole(postgres.pool, log, { models });
});

test('streams of other programs are passed over, and the checkpoint moves past them', async () => {
  const log = memoryLog();
  const projector = await run({ pool: postgres.pool, source: log.source });
  make(log);
  const position = log.appendRaw({ kind: 'foreign' });
  await reached(projector, position);
  expect(new Set(Object.values(await checkpoints(postgres.pool)))).toEqual(new Set([String(position)]));
  await projector.close();
  const next = await run({ pool: postgres.pool, source: log.source });
  await reached(next, make(log));
  await expectWhole(postgres.pool, log);
});
