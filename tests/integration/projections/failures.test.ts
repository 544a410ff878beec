/** What stops a projector: everything before it is applied, its status says what it was, and once healed it goes on. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ReadModel } from '../../../src/projections/readModel.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { type MemoryLog, memoryLog } from './memoryLog.ts';
import { testModels, thingFacts, thingParts, things } from './models.ts';
import { checkpoints, reached, run, until } from './running.ts';
import { expectWhole, make } from './things.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(() => postgres.reset());

const stopped = async (log: MemoryLog, models: readonly ReadModel[] = testModels) => {
  const projector = await run({ pool: postgres.pool, source: log.source, models });
  const status = await until(projector, ({ state }) => state === 'failed');
  await projector.close();
  return status;
};

/** Reads over what can't be read. */
const healed = (model: ReadModel): ReadModel => ({
  ...model,
  handler: event => (event.type === 'ThingBroken' || 'size' in event.data ? undefined : model.handler(event)),
});
const healedModels = testModels.map(healed);

const broken = { type: 'ThingBroken', data: {} };
const tooLarge = { type: 'ThingMade', data: { name: 'n', size: 2 ** 31 } };

describe.each([
  [
    'a fold that throws',
    broken,
    { code: 'FOLD_FAILED', model: 'things' },
    /can't fold ThingBroken .*: it is broken/,
  ],
  [
    'a row that Postgres refuses',
    tooLarge,
    { code: 'WRITE_FAILED', model: expect.stringMatching(/\bthings\b/) },
    /refuses what ThingMade at revision 0 of .* makes of .*\bthings\b.*out of range/,
  ],
])('%s', (_, event, failure, message) => {
  test.each([0, 1, 7, 30])('stops the projector, with %i events before it applied', async before => {
    const log = memoryLog();
    make(log, before);
    const aggregateId = randomUUID();
    const position = log.append({ ...event, aggregateId });
    make(log, 5);
    const status = await stopped(log);
    expect(status.failure).toMatchObject({
      ...failure,
      stream: `thing-default.${aggregateId}`,
      revision: 0,
      type: event.type,
      position,
    });
    expect(status.failure?.message).toMatch(message);
    await expectWhole(postgres.pool, log, { before: position });
    const behind = String(before === 0 ? -1n : position - 100n);
    expect(new Set(Object.values(await checkpoints(postgres.pool)))).toEqual(new Set([behind]));
    // Nothing heals by itself.
    expect((await stopped(log)).failure).toMatchObject({ position });

    const projector = await run({ pool: postgres.pool, source: log.source, models: healedModels });
    await reached(projector, make(log));
    await expectWhole(postgres.pool, log, { models: healedModels });
  });
});

test('a text that Postgres can’t hold stops it too', async () => {
  const log = memoryLog();
  make(log, 3);
  const position = log.append({ type: 'ThingMade', aggregateId: randomUUID(), data: { name: 'a\0b' } });
  expect((await stopped(log)).failure).toMatchObject({ code: 'WRITE_FAILED', position });
  await expectWhole(postgres.pool, log, { before: position });
});

test('an event that can’t be decoded stops it, with the reason', async () => {
  const log = memoryLog();
  make(log, 4);
  const unknown = {
    stream: 'thing-default.x',
    revision: 3,
    type: 'ThingDreamt',
    reason: 'unknown event type',
  };
  const position = log.appendRaw({ kind: 'undecodable', ...unknown });
  make(log);
  const { failure } = await stopped(log);
  const { reason, ...named } = unknown;
  expect(failure).toMatchObject({ code: 'UNDECODABLE', ...named, position });
  expect(failure?.message).toBe(`ThingDreamt at revision 3 of thing-default.x can't be read: ${reason}.`);
  await expectWhole(postgres.pool, log, { before: position });
});

test('an event that a build can’t fold stops it, and the build before is shown on', async () => {
  const log = memoryLog();
  log.append({ ...broken, aggregateId: randomUUID() });
  make(log, 4);
  const lenient = [healed(things), thingParts, thingFacts];
  const projector = await run({ pool: postgres.pool, source: log.source, models: lenient });
  await reached(projector, make(log));
  await projector.close();
  const { failure } = await stopped(log, [{ ...things, version: 2 }, thingParts, thingFacts]);
  expect(failure).toMatchObject({ code: 'FOLD_FAILED', model: 'things', position: 100n });
  await expectWhole(postgres.pool, log, { models: lenient });
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
