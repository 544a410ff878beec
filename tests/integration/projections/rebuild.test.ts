import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { visiblePosition } from '../../../src/projections/engine/logClock.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { gate } from './gate.ts';
import { memoryLog } from './memoryLog.ts';
import { raisedThings, thingFacts, thingParts } from './models.ts';
import { checkpoints, eventually, reached, run, shownBuild } from './running.ts';
import { expectWhole, make, projected } from './things.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(() => postgres.reset());

const raisedModels = [raisedThings, thingParts, thingFacts];

const count = async (view: string): Promise<number> => {
  const { rows } = await postgres.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM crm.${view}`);
  return rows[0]?.n ?? 0;
};

test('while a model is built anew and events keep coming, readers see one whole build or the other', async () => {
  const log = memoryLog();
  const projector = await run({ pool: postgres.pool, source: log.source });
  await reached(projector, make(log, 2_500));
  await projector.rebuild('things');
  let [least, rounds] = [2_500, 0];
  for (let done = false; !done; rounds++) {
    done = (await shownBuild(postgres.pool, 'things')) === 'things_v1_b2';
    make(log, 3);
    const [rows, versions] = await Promise.all([count('things'), count('things_history')]);
    expect(Math.min(rows, versions)).toBeGreaterThanOrEqual(least);
    least = rows;
  }
  expect(rounds).toBeGreaterThan(2);
  await reached(projector, make(log, 1));
  await expectWhole(postgres.pool, log);
  expect(await indexesOf('things_v1_b2')).toEqual(await indexesOf('things_v1_b1'));
});

async function indexesOf(schema: string): Promise<readonly string[]> {
  const { rows } = await postgres.pool.query<{ index: string }>(
    `SELECT regexp_replace(indexdef, '^.* USING', '') AS index FROM pg_indexes WHERE schemaname = $1 ORDER BY 1`,
    [schema],
  );
  expect(rows).toHaveLength(7); // its key, those declared, and those of its history
  return rows.map(({ index }) => index);
}

test('a reader whose snapshot is older than the build never sees it half built', async () => {
  const log = memoryLog();
  const projector = await run({ pool: postgres.pool, source: log.source });
  await reached(projector, make(log, 40));
  const reader = await postgres.pool.connect();
  try {
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await reader.query('SELECT count(*) FROM crm.thing_facts');
    await projector.rebuild('things');
    await eventually(
      () => checkpoints(postgres.pool),
      found => expect(found.things_v1_b2).toBe(found.relata),
    );
    await reached(projector, make(log, 10)); // what is level goes on together
    const { rows } = await reader.query('SELECT count(*)::int AS n FROM crm.things');
    expect(rows).toEqual([{ n: 40 }]);
    await reader.query('COMMIT');
  } finally {
    reader.release(true);
  }
  await eventually(
    () => shownBuild(postgres.pool, 'things'),
    schema => expect(schema).toBe('things_v1_b2'),
  );
  await expectWhole(postgres.pool, log);
});

test('of a raised version the old build is shown, and `after` waits for the new one', async () => {
  const log = memoryLog();
  await projected(postgres.pool, log);
  const first = make(log, 5);
  await projected(postgres.pool, log);
  const { source, open } = gate(log.source, after => (after ? undefined : 2));
  const projector = await run({ pool: postgres.pool, source, models: raisedModels });
  const second = make(log, 5);
  await reached(projector, second);
  expect([await count('thing_facts'), await count('things')]).toEqual([10, 5]);
  expect(await visiblePosition(postgres.pool)).toBe(first);
  expect(projector.status().building).toMatchObject([{ model: 'things', version: 2 }]);
  open();
  await eventually(
    () => visiblePosition(postgres.pool),
    position => expect(position).toBe(second),
  );
  expect(await shownBuild(postgres.pool, 'things')).toBe('things_v2_b1');
  await expectWhole(postgres.pool, log, { models: raisedModels });
});

test('a build that is cut short goes on where it was', async () => {
  const log = memoryLog();
  make(log, 10);
  await projected(postgres.pool, log);
  const held = gate(log.source, after => (after ? undefined : 4));
  const first = await run({ pool: postgres.pool, source: held.source });
  await first.rebuild('things');
  const fourth = log.events()[3]?.position;
  const isHeld = async () => (await checkpoints(postgres.pool)).things_v1_b2;
  await eventually(isHeld, position => expect(position).toBe(String(fourth)));
  await first.close();

  const resumed = gate(log.source, () => undefined);
  await run({ pool: postgres.pool, source: resumed.source });
  await eventually(
    () => shownBuild(postgres.pool, 'things'),
    schema => expect(schema).toBe('things_v1_b2'),
  );
  expect(resumed.begun.map(point => point?.commit)).toContain(fourth);
  await expectWhole(postgres.pool, log);
});

test('a build that was level when its projector ended is shown by the next one', async () => {
  const log = memoryLog();
  const last = make(log, 10);
  await projected(postgres.pool, log);
  const reader = await postgres.pool.connect();
  try {
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await reader.query('SELECT 1');
    const first = await run({ pool: postgres.pool, source: log.source });
    await first.rebuild('things');
    await eventually(
      () => checkpoints(postgres.pool),
      found => expect(found.things_v1_b2).toBe(String(last)),
    );
    await first.close();
    const second = await run({ pool: postgres.pool, source: log.source });
    await reached(second, make(log, 3));
    expect(await shownBuild(postgres.pool, 'things')).toBe('things_v1_b1');
  } finally {
    reader.release(true);
  }
  await eventually(
    () => shownBuild(postgres.pool, 'things'),
    schema => expect(schema).toBe('things_v1_b2'),
  );
  await expectWhole(postgres.pool, log);
});

test('a reader that holds a view delays the switch, and nothing else', async () => {
  const log = memoryLog();
  const projector = await run({ pool: postgres.pool, source: log.source });
  await reached(projector, make(log, 3));
  const reader = await postgres.pool.connect();
  try {
    await reader.query('BEGIN');
    await reader.query('SELECT count(*) FROM crm.things');
    await projector.rebuild('things');
    const refused = `SELECT count(*)::int AS n FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted`;
    await eventually(
      () => postgres.pool.query<{ n: number }>(refused),
      ({ rows }) => expect(rows).toEqual([{ n: 1 }]),
    );
    await reached(projector, make(log, 3));
    expect(await shownBuild(postgres.pool, 'things')).toBe('things_v1_b1');
    await reader.query('COMMIT');
  } finally {
    reader.release(true);
  }
  await eventually(
    () => shownBuild(postgres.pool, 'things'),
    schema => expect(schema).toBe('things_v1_b2'),
  );
  await expectWhole(postgres.pool, log);
});

test('the replaced build is dropped by the next projector, once nobody reads it', async () => {
  const log = memoryLog();
  const projector = await run({ pool: postgres.pool, source: log.source });
  await reached(projector, make(log, 3));
  const reader = await postgres.pool.connect();
  const old = `SELECT to_regclass('things_v1_b1.rows') IS NOT NULL AS there`;
  try {
    await reader.query('BEGIN');
    await reader.query('SELECT count(*) FROM things_v1_b1.rows');
    await projector.rebuild('things');
    await eventually(
      () => shownBuild(postgres.pool, 'things'),
      schema => expect(schema).toBe('things_v1_b2'),
    );
    await projector.close();
    await projected(postgres.pool, log);
    expect((await postgres.pool.query(old)).rows).toEqual([{ there: true }]);
  } finally {
    reader.release(true);
  }
  await projected(postgres.pool, log);
  expect((await postgres.pool.query(old)).rows).toEqual([{ there: false }]);
  expect(Object.keys(await checkpoints(postgres.pool))).not.toContain('things_v1_b1');
});
