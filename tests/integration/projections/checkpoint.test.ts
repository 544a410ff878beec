/** One batch, one transaction, and a checkpoint that moves by compare-and-swap: what groups do without a projector. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { inTransaction } from '../../../src/projections/engine/activate.ts';
import { applyBatch } from '../../../src/projections/engine/applyBatch.ts';
import { takeBuilds } from '../../../src/projections/engine/builds.ts';
import { isFenced } from '../../../src/projections/engine/failure.ts';
import { type Group, mutex } from '../../../src/projections/engine/group.ts';
import { levelsOf } from '../../../src/projections/engine/levels.ts';
import { openSession } from '../../../src/projections/engine/session.ts';
import type { LogEvent } from '../../../src/projections/engine/source.ts';
import { id } from '../../support/ids.ts';
import { recorded } from '../../support/recorded.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { testModels } from './models.ts';

let postgres: TestPostgres;
const groups: Group[] = [];
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(() => postgres.reset());
afterEach(async () => {
  for (const { session } of groups.splice(0)) await session.close();
});

type Owner = { readonly group: Group; readonly apply: (...batch: readonly LogEvent[]) => Promise<void> };

/** Takes the lease and the builds; whoever had them before doesn't know. */
async function takeOver(): Promise<Owner> {
  const token = randomUUID();
  await postgres.pool.query(
    `INSERT INTO relata.lease VALUES ('projector', $1, 'test', now() + interval '1 hour')
     ON CONFLICT (name) DO UPDATE SET owner = excluded.owner`,
    [token],
  );
  return follow(token);
}

/** A second memory of the same owner's. */
async function follow(token: string): Promise<Owner> {
  const builds = await inTransaction(postgres.pool, client => takeBuilds(client, testModels, token));
  const [level] = levelsOf(builds, testModels);
  if (!level) throw new Error('there is nothing to follow');
  const group = {
    ...level,
    folded: level.point,
    session: await openSession(postgres.pool),
    exclusive: mutex(),
  };
  groups.push(group);
  const apply = (...batch: readonly LogEvent[]) =>
    applyBatch(group, batch, { token, visibleAt: undefined, onParked: () => undefined });
  return { group, apply };
}

function made(n: number, thing = n): LogEvent {
  const position = BigInt(n * 100);
  const event = recorded({
    type: 'ThingMade',
    aggregateId: id(thing),
    position,
    data: { name: `made ${n}`, parts: [id(99)] },
  });
  return {
    point: { commit: position, prepare: position - 1n, eventId: event.id },
    decoded: { kind: 'event', event },
  };
}

async function stored() {
  const { rows } = await postgres.pool.query(
    `SELECT (SELECT count(*)::int FROM things_v1_b1.rows) AS rows,
            (SELECT count(*)::int FROM things_v1_b1.history) AS versions,
            (SELECT count FROM thing_parts_v1_b1.rows) AS parts,
            (SELECT count(*)::int FROM thing_facts_v1_b1.rows) AS facts,
            commit_position::int AS commit, prepare_position::int AS prepare, event_id AS event
     FROM relata.builds WHERE model = 'things'`,
  );
  return rows[0];
}

const fencedBy = (promise: Promise<void>) =>
  promise.then(
    () => 'applied',
    error => isFenced(error),
  );

test('a checkpoint is commit and prepare position and the id of the last event applied', async () => {
  const owner = await takeOver();
  const [first, second] = [made(1), made(2)];
  await owner.apply(first, second);
  expect(await stored()).toEqual({
    rows: 2,
    versions: 0,
    parts: 2,
    facts: 2,
    commit: 200,
    prepare: 199,
    event: second.point.eventId,
  });
});

test('a batch that was applied can’t be applied again, by whoever missed it', async () => {
  const owner = await takeOver();
  const behind = await follow(await tokenNow());
  await owner.apply(made(1));
  const before = await stored();
  expect(await fencedBy(behind.apply(made(1)))).toBe(true);
  expect(await fencedBy(behind.apply(made(1), made(2)))).toBe(true);
  expect(await stored()).toEqual(before);
});

const tokenNow = async () =>
  (await postgres.pool.query<{ owner: string }>('SELECT owner FROM relata.lease')).rows[0]?.owner ?? '';

test('an owner that was paused is refused when it goes on, before and after the next one has begun', async () => {
  const paused = await takeOver();
  await paused.apply(made(1));
  const next = await takeOver();
  expect(await fencedBy(paused.apply(made(2)))).toBe(true);
  await next.apply(made(2));
  expect(await fencedBy(paused.apply(made(2)))).toBe(true);
  await next.apply(made(3));
  expect(await stored()).toMatchObject({ rows: 3, parts: 3, facts: 3, commit: 300 });
});

test('no builds without the lease', async () => {
  await takeOver();
  expect(await fencedBy(follow(randomUUID()).then(() => undefined))).toBe(true);
});

test.each([
  ['an event again', [made(1), made(2), made(2, 7)]],
  ['an older event', [made(1), made(3), made(2)]],
  ['what the checkpoint has passed', [made(0), made(1)]],
])('a subscription that delivers %s is not believed', async (_, batch) => {
  const owner = await takeOver();
  await owner.apply(made(0));
  await expect(owner.apply(...batch)).rejects.toThrow(/subscription went from position \d+ back to \d+/);
  expect(await stored()).toMatchObject({ rows: 1, commit: 0 });
});

test('nothing of a batch is there without its checkpoint', async () => {
  const owner = await takeOver();
  await owner.apply(made(1));
  // Each table has been written when the last statement fails.
  await postgres.pool.query('ALTER TABLE thing_facts_v1_b1.rows ADD CHECK (false) NOT VALID');
  await postgres.pool.query('ALTER TABLE relata.parked ADD CHECK (false) NOT VALID'); // nor can they be parked
  await expect(owner.apply(made(2), made(3))).rejects.toMatchObject({
    failure: { code: 'WRITE_FAILED', position: 200n },
  });
  expect(await stored()).toMatchObject({ rows: 1, parts: 1, facts: 1, commit: 100 });
  await postgres.pool.query('ALTER TABLE relata.parked DROP CONSTRAINT parked_check');
  await postgres.pool.query('ALTER TABLE thing_facts_v1_b1.rows DROP CONSTRAINT rows_check');
  await owner.apply(made(2), made(3));
  expect(await stored()).toMatchObject({ rows: 3, parts: 3, facts: 3, commit: 300 });
});
