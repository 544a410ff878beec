import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sessionName } from '../../../src/projections/engine/lease.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { gate } from './gate.ts';
import { memoryLog } from './memoryLog.ts';
import { reached, run, until } from './running.ts';
import { expectWhole, make } from './things.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(() => postgres.reset());

/** Pools whose statements can be held back, as those of a process that is stopped. */
function pausablePool() {
  let resume: (() => void) | undefined;
  let paused: Promise<void> = Promise.resolve();
  const pool = new pg.Pool({ connectionString: postgres.url });
  const query = pool.query.bind(pool);
  // The lease is renewed by these; batches go by a connection of their own.
  pool.query = (async (text: string, values: unknown[]) => {
    await paused;
    return query(text, values);
  }) as typeof pool.query;
  return {
    pool,
    pause: () => {
      paused = new Promise(resolve => {
        resume = resolve;
      });
    },
    resume: () => resume?.(),
  };
}

test('one projects, the other stands by and takes over as soon as the first has closed', async () => {
  const log = memoryLog();
  const first = await run({ pool: postgres.pool, source: log.source, leaseMs: 60_000 });
  await reached(first, make(log));
  const second = await run({ pool: postgres.pool, source: log.source, leaseMs: 600 });
  const { position, building } = await until(second, ({ state }) => state === 'standby');
  expect([position, building]).toEqual([-1n, []]);
  await reached(first, make(log));
  await first.close(); // its lease would have lasted for a minute
  await reached(second, make(log));
  await expectWhole(postgres.pool, log);
});

test('an owner that is killed is replaced once its lease has run out', async () => {
  const log = memoryLog();
  await postgres.pool.query(
    `INSERT INTO relata.lease VALUES ('projector', $1, 'killed', clock_timestamp() + interval '500 milliseconds')`,
    [randomUUID()],
  );
  const second = await run({ pool: postgres.pool, source: log.source });
  await until(second, ({ state }) => state === 'standby');
  await reached(second, make(log));
  await expectWhole(postgres.pool, log);
});

test('an owner that is paused within a transaction is replaced too, and that is undone', async () => {
  const log = memoryLog();
  const paused = new pg.Client({ connectionString: postgres.url, application_name: sessionName('paused') });
  const broken = Promise.withResolvers<void>();
  paused.on('error', () => undefined).on('end', broken.resolve);
  await paused.connect();
  await paused.query(
    `INSERT INTO relata.lease VALUES ('projector', $1, 'paused', clock_timestamp() + interval '500 milliseconds')`,
    [randomUUID()],
  );
  await paused.query('BEGIN');
  await paused.query('SELECT FROM relata.lease FOR UPDATE');
  await paused.query('LOCK TABLE relata.builds IN SHARE ROW EXCLUSIVE MODE');
  const second = await run({ pool: postgres.pool, source: log.source });
  await broken.promise;
  await reached(second, make(log));
  await expectWhole(postgres.pool, log);
});

test('a paused owner that wakes applies nothing, stands by, and takes over again', async () => {
  const log = memoryLog();
  const { pool, pause, resume } = pausablePool();
  const { source, open } = gate(log.source, () => 1);
  const zombie = await run({ pool, source });
  await reached(zombie, make(log));
  pause();
  const second = await run({ pool: postgres.pool, source: log.source });
  await reached(second, make(log));
  // It still believes itself the owner, and now gets the event that the other has applied.
  expect(zombie.status().state).toBe('live');
  open();
  resume();
  await until(zombie, ({ state }) => state === 'standby');
  await reached(second, make(log));
  await expectWhole(postgres.pool, log);
  await second.close();
  await reached(zombie, make(log));
  await expectWhole(postgres.pool, log);
  await zombie.close();
  await pool.end();
});

test('two that fight for the log lose nothing and double nothing', async () => {
  const log = memoryLog();
  const projectors = await Promise.all(
    [1, 2].map(() => run({ pool: postgres.pool, source: log.source, leaseMs: 300 })),
  );
  for (let i = 0; i < 20; i++) {
    make(log);
    // Whoever has the lease loses it.
    await postgres.pool.query(`UPDATE relata.lease SET until = '-infinity'`);
  }
  const end = make(log);
  await Promise.race(projectors.map(projector => reached(projector, end)));
  await expectWhole(postgres.pool, log);
});

test('its lease is gone when a projector has closed', async () => {
  const log = memoryLog();
  const projector = await run({ pool: postgres.pool, source: log.source });
  await reached(projector, make(log));
  const held = 'SELECT owner FROM relata.lease';
  expect((await postgres.pool.query(held)).rowCount).toBe(1);
  await projector.close();
  expect(projector.status().state).toBe('stopped');
  expect((await postgres.pool.query(held)).rowCount).toBe(0);
});

test('a projector begins again when its connections to Postgres are cut', async () => {
  const log = memoryLog();
  const projector = await run({ pool: postgres.pool, source: log.source });
  for (let i = 0; i < 5; i++) {
    await reached(projector, make(log));
    await postgres.pool
      .query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      )
      .catch(() => undefined);
    make(log);
  }
  await reached(projector, make(log));
  await expectWhole(postgres.pool, log);
});
