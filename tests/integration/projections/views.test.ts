/** The stable views, which others build upon, when a new version of a model replaces what they show. */
import { randomUUID } from 'node:crypto';
import { Kysely, PostgresDialect } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { up } from '../../../migrations/0005_past_and_search.ts';
import { type Columns, int, money, text } from '../../../src/projections/columns.ts';
import type { Failure } from '../../../src/projections/engine/failure.ts';
import type { ReadModel } from '../../../src/projections/readModel.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { memoryLog } from './memoryLog.ts';
import { things } from './models.ts';
import { eventually, run, shownBuild } from './running.ts';

let postgres: TestPostgres;
const log = memoryLog();
const thing = randomUUID();
beforeAll(async () => {
  postgres = await startTestPostgres();
  log.append({ type: 'ThingMade', aggregateId: thing, data: { name: 'n', size: 3, more: 'm' } });
});
afterAll(() => postgres.close());
beforeEach(async () => {
  await postgres.pool.query('DROP SCHEMA IF EXISTS analyst CASCADE; CREATE SCHEMA analyst');
  await postgres.reset();
  await switchedTo(things);
});

const { size: _, ...withoutSize } = things.columns;
const version = (n: number, columns: Columns): ReadModel => ({
  ...things,
  version: n,
  columns: { ...columns, ...version0 },
  indexes: [],
});
const version0 = (({ revision, validFrom, knownFrom }) => ({ revision, validFrom, knownFrom }))(
  things.columns,
);

/** @returns what stopped the projector, if anything did. */
async function switchedTo(model: ReadModel): Promise<Failure | undefined> {
  const projector = await run({ pool: postgres.pool, source: log.source, models: [model] });
  let failure: Failure | undefined;
  await eventually(
    async () => {
      failure = projector.status().failure;
      return shownBuild(postgres.pool, 'things');
    },
    schema => expect(failure ? 'failed' : schema).toMatch(failure ? 'failed' : `things_v${model.version}_`),
  );
  await projector.close();
  return failure;
}

const shows = async (view: string) => (await postgres.pool.query(`SELECT * FROM ${view}`)).rows;
const columnsOf = async (view: string) => Object.keys((await shows(view))[0] ?? {});
const build = (name: string, select: string) =>
  postgres.pool.query(`CREATE VIEW analyst.${name} AS ${select}`);

test('a column that is added, also among the others, leaves what is built upon them as it is', async () => {
  await build('sizes', 'SELECT name, size FROM crm.things');
  await build('past', 'SELECT name, valid_to FROM crm.things_history');
  const before = await columnsOf('crm.things');
  expect(await switchedTo(version(2, { more: text.optional, ...things.columns }))).toBe(undefined);
  expect(await shows('analyst.sizes')).toEqual([{ name: 'n', size: 3 }]);
  expect(await shows('analyst.past')).toEqual([{ name: 'n', valid_to: Number.POSITIVE_INFINITY }]);
  expect(await columnsOf('crm.things')).toEqual([...before, 'more']);
  expect(await shows('crm.things')).toMatchObject([{ more: 'm' }]);
  expect(await shows('crm.things_history')).toMatchObject([{ more: 'm', size: 3 }]);
});

test.each([
  ['taken away', version(2, withoutSize)],
  ['of another type', version(2, { ...withoutSize, size: text.optional })],
])('a column that is %s can’t be while others show it, and can when they are gone', async (_, next) => {
  await build('sizes', 'SELECT name, size FROM crm.things');
  const failure = await switchedTo(next);
  expect(failure).toMatchObject({ code: 'VIEW_IN_USE' });
  expect(failure?.message).toMatch(/crm\.things changes its columns.*view analyst\.sizes.*drop those/);
  expect(await shows('analyst.sizes')).toEqual([{ name: 'n', size: 3 }]);
  await postgres.pool.query('DROP VIEW analyst.sizes');
  expect(await switchedTo(next)).toBe(undefined);
  expect(await columnsOf('crm.things')).toEqual(await columnsOf('things_v2_b1.rows'));
});

test('a column that is retired stays, empty, also where it never was, and what is built upon it stands', async () => {
  await build('sizes', 'SELECT name, size FROM crm.things');
  await build('past', 'SELECT name, size FROM crm.things_history');
  const retired = { ...version(2, withoutSize), retired: { size: things.columns.size!, price: money } };
  expect(await switchedTo(retired)).toBe(undefined);
  for (const view of ['sizes', 'past'])
    expect(await shows(`analyst.${view}`)).toEqual([{ name: 'n', size: null }]);
  const gone = { size: null, price: null, price_currency: null };
  for (const view of ['things', 'things_history']) expect(await shows(`crm.${view}`)).toMatchObject([gone]);
  expect(await columnsOf('things_v2_b1.rows')).not.toContain('size');
});

test('superseded versions have a view of their own, also of a build that an earlier Relata made', async () => {
  const changed = { type: 'ThingChanged', aggregateId: thing, data: { size: 4 } };
  log.append(changed);
  await switchedTo(version(2, things.columns));
  const superseded = await shows('crm.things_superseded');
  expect(superseded).toMatchObject([{ size: 3, known_to: expect.anything() }]);
  await postgres.pool.query('DROP VIEW crm.things_superseded');
  const { pool } = postgres;
  await up(new Kysely({ dialect: new PostgresDialect({ pool }) })); // not destroyed: that would end the pool
  expect(await shows('crm.things_superseded')).toEqual(superseded);
});

test('a model that keeps no history any more has no view of it', async () => {
  expect(await columnsOf('crm.things_history')).toContain('known_to');
  expect(await switchedTo({ ...version(2, { count: int.optional }), history: false })).toBe(undefined);
  await expect(shows('crm.things_history')).rejects.toThrow(/does not exist/);
  await expect(shows('crm.things_superseded')).rejects.toThrow(/does not exist/);
});
