/** Which builds there are: asked for, declared, and no longer declared. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { progressOf, requestBuilds } from '../../../src/projections/engine/buildRequests.ts';
import { takeBuilds } from '../../../src/projections/engine/builds.ts';
import { visiblePosition } from '../../../src/projections/engine/logClock.ts';
import { startProjector } from '../../../src/projections/engine/projector.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { gate } from './gate.ts';
import { memoryLog } from './memoryLog.ts';
import { raisedThings, testModels, thingFacts, things } from './models.ts';
import { checkpoints, eventually, reached, run, shownBuild, silent, until } from './running.ts';
import { make, projected } from './things.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(() => postgres.reset());

const count = async (view: string): Promise<number> => {
  const { rows } = await postgres.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM crm.${view}`);
  return rows[0]?.n ?? 0;
};

test('a build may be asked of an instance that stands by', async () => {
  const log = memoryLog();
  const owner = await run({ pool: postgres.pool, source: log.source });
  await reached(owner, make(log, 3));
  const other = await run({ pool: postgres.pool, source: log.source });
  await until(other, ({ state }) => state === 'standby');
  await other.rebuild('things');
  await other.rebuild('things'); // on its way already
  await eventually(
    () => shownBuild(postgres.pool, 'things'),
    schema => expect(schema).toBe('things_v1_b2'),
  );
  await until(owner, ({ building }) => building.length === 0);
  expect(Object.keys(await checkpoints(postgres.pool))).not.toContain('things_v1_b3');
  await expect(other.rebuild('thngs')).rejects.toThrow(/no read model thngs; there are things, thingParts/);
});

test('a build may be asked for while another process makes the first ones', async () => {
  const [starting, token] = [await postgres.pool.connect(), randomUUID()];
  try {
    await starting.query('BEGIN');
    await starting.query(`INSERT INTO relata.lease VALUES ('projector', $1, 'test', 'infinity')`, [token]);
    await takeBuilds(starting, testModels, token);
    const asked = requestBuilds(postgres.pool, [things]);
    await eventually(
      () => postgres.pool.query('SELECT FROM pg_locks WHERE NOT granted'),
      ({ rowCount }) => expect(rowCount).toBe(1),
    );
    await starting.query('COMMIT');
    expect(await asked).toEqual(new Map([['things', 'things_v1_b1']]));
  } finally {
    starting.release(true);
  }
});

test('indexes that an earlier Relata did not make are made when a build is taken up again', async () => {
  const log = memoryLog();
  make(log, 3);
  await projected(postgres.pool, log);
  const indexes = async () => {
    const text = `SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'things_v1_b1' ORDER BY 1`;
    return (await postgres.pool.query<{ name: string }>(text)).rows.map(({ name }) => name);
  };
  const [all, lost] = [await indexes(), 'history_workspace_id_known_to_known_from_idx'];
  await postgres.pool.query(`DROP INDEX things_v1_b1.${lost}`);
  expect(await indexes()).toEqual(all.filter(name => name !== lost));
  await projected(postgres.pool, log);
  expect(await indexes()).toEqual(all);
});

test('how far a build is can be seen from outside', async () => {
  const log = memoryLog();
  make(log, 8);
  await projected(postgres.pool, log);
  const asked = await requestBuilds(postgres.pool, [things, thingFacts]);
  const progress = () => progressOf(postgres.pool, asked);
  const begun = { state: 'building', position: -1n, handled: 0, parked: 0 };
  expect(await progress()).toEqual({
    builds: [
      { model: 'things', ...begun },
      { model: 'thingFacts', ...begun },
    ],
    end: 800n,
    isProjected: false,
  });
  const { source, open } = gate(log.source, after => (after ? undefined : 3));
  await run({ pool: postgres.pool, source });
  await eventually(progress, ({ builds, isProjected }) => {
    expect(builds.map(({ position }) => position)).toEqual([300n, 300n]);
    expect(isProjected).toBe(true);
  });
  open();
  await eventually(progress, ({ builds }) =>
    expect(builds.map(({ state }) => state)).toEqual(['shown', 'shown']),
  );
  expect(await progressOf(postgres.pool, new Map([['things', 'things_v1_b7']]))).toMatchObject({
    builds: [{ model: 'things', state: 'given up' }],
  });
});

test('what is no longer declared is shown no longer', async () => {
  const log = memoryLog();
  make(log, 3);
  await projected(postgres.pool, log);
  const projector = await run({ pool: postgres.pool, source: log.source, models: [thingFacts] });
  await reached(projector, make(log, 3));
  expect(await count('thing_facts')).toBe(6);
  await expect(count('things')).rejects.toThrow(/does not exist/);
  await expect(count('things_history')).rejects.toThrow(/does not exist/);
  expect(await visiblePosition(postgres.pool)).toBe(log.events().at(-1)?.position);
});

test.each([
  ['SHAPE_CHANGED', { ...raisedThings, version: 1 }, things, /raise its version from 1 to 2/],
  ['SHAPE_CHANGED', { ...things, indexes: [] }, things, /raise its version from 1 to 2/],
  ['NEWER_BUILD', things, raisedThings, /version 2 of the read model things, and this Relata knows 1/],
])('%s: what is declared doesn’t fit what was built', async (code, declared, built, message) => {
  const log = memoryLog();
  const first = await run({ pool: postgres.pool, source: log.source, models: [built] });
  await reached(first, make(log, 3));
  await first.close();
  const options = { pool: postgres.pool, source: log.source, logger: silent, instance: 'test' };
  const started = startProjector({ ...options, models: [declared] });
  await expect(started).rejects.toMatchObject({ failure: { code, model: 'things' } });
  await expect(started).rejects.toThrow(message);
  expect(await count('things')).toBe(3);
});
