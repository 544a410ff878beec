/** When a store is away, slow or broken: a coded answer in time, nothing of the inside in it, and no connection lost. */
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openReadPool } from '../../../src/projections/query/readPool.ts';
import { until } from './until.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await world.send('registerAccount', { name: 'First' });
  await world.shown();
});
afterAll(() => world.close());

const post = async (query: string, app: FastifyInstance = world.app) => {
  const answer = await app.inject({ method: 'POST', url: '/graphql', payload: { query } });
  return { status: answer.statusCode, headers: answer.headers, text: answer.body, ...answer.json() };
};
const ACCOUNTS = '{ accounts { totalCount } users { totalCount } }';
const isWell = async () => expect((await post(ACCOUNTS)).data.users.totalCount).toBe(0);
/** Waits for whoever has locked the log's clock. */
const SLOW = '{ accounts(knownAt: "2017-06-01") { totalCount } users { totalCount } }';

/** While this holds, `SLOW` queries stand still. */
async function held(run: () => Promise<void>): Promise<void> {
  const blocker = await world.postgres.pool.connect();
  await blocker.query('begin; lock table relata.log_clock in access exclusive mode');
  try {
    await run();
  } finally {
    await blocker.query('rollback');
    blocker.release();
  }
}

/** Resolves once no connection is in use and nobody waits for one. */
const idle = () =>
  until(() => world.pool.idleCount === world.pool.totalCount && world.pool.waitingCount === 0);
const busy = () => until(() => world.pool.totalCount > world.pool.idleCount);

test('without Postgres queries are UNAVAILABLE; commands are carried out and say what they can', async () => {
  const pool = openReadPool({ url: 'postgres://relata@127.0.0.1:1/relata' });
  const app = await world.serve({ pool });
  const { status, headers, data, errors } = await post(ACCOUNTS, app);
  expect({ status, data, retry: headers['retry-after'] }).toEqual({ status: 503, data: null, retry: '1' });
  for (const error of errors) {
    expect(error.extensions).toEqual({ code: 'UNAVAILABLE' });
    expect(error.message).not.toMatch(/ECONN|127|connect/);
  }
  const mutation = 'mutation { registerAccount(input: { name: "A" }) { revision account { name } } }';
  expect(await post(mutation, app)).toMatchObject({
    status: 200,
    data: { registerAccount: { revision: 0, account: null } },
    errors: [{ path: ['registerAccount', 'account'], extensions: { code: 'UNAVAILABLE' } }],
  });
  await pool.end();
});

test('a query that Postgres cuts off is UNAVAILABLE, and the next one is answered', async () => {
  await held(async () => {
    const asked = post(SLOW);
    for (let cut = 0; cut === 0; )
      cut = (
        await world.postgres.pool.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'relata-queries' and wait_event_type = 'Lock'",
        )
      ).rows.length;
    expect((await asked).errors[0].extensions).toEqual({ code: 'UNAVAILABLE' });
  });
  await idle();
  await isWell();
});

test('what nobody foresaw is INTERNAL, found in the log by its request, and says nothing of the inside', async () => {
  const lines: string[] = [];
  const app = await world.serve({
    logger: pino({ level: 'error' }, { write: line => void lines.push(line) }),
  });
  await world.postgres.pool.query('alter view crm.accounts rename to accounts_gone');
  const { data, errors, text } = await post('{ accounts { nodes { name } } }', app);
  await world.postgres.pool.query('alter view crm.accounts_gone rename to accounts');
  expect(data).toBeNull();
  expect(errors).toEqual([
    {
      message: 'something went wrong in Relata itself',
      path: ['accounts'],
      locations: expect.any(Array),
      extensions: { code: 'INTERNAL', requestId: expect.stringMatching(/^req-/) },
    },
  ]);
  expect(text).not.toMatch(/relation|crm|exist/);
  const log = lines
    .map(line => JSON.parse(line))
    .find(({ reqId }) => reqId === errors[0].extensions.requestId);
  expect(log.err.message).toContain('crm.accounts');
});

describe('what takes too long', () => {
  test('is given up, and its connections come back', async () => {
    const app = await world.serve({ limits: { requestMs: 250 } });
    await held(async () => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => post(SLOW, app)));
      for (const { status, headers, data, errors } of answers) {
        expect({ status, data, retry: headers['retry-after'] }).toEqual({
          status: 503,
          data: null,
          retry: '1',
        });
        expect(errors[0].extensions).toEqual({ code: 'UNAVAILABLE' });
      }
    });
    await idle();
    await isWell();
  });

  test('so is a statement beyond its own time', async () => {
    const { url } = world.postgres;
    const pool = openReadPool({ url, statementTimeoutMs: 100 });
    const app = await world.serve({ pool });
    await held(async () => {
      const { status, errors } = await post(SLOW, app);
      expect({ status, code: errors[0].extensions.code }).toEqual({ status: 503, code: 'UNAVAILABLE' });
    });
    expect((await post(ACCOUNTS, app)).data.users.totalCount).toBe(0);
    await pool.end();
  });

  test('and so is a connection that does not get free', async () => {
    const pool = openReadPool({ url: world.postgres.url, size: 1, connectTimeoutMs: 100 });
    const app = await world.serve({ pool });
    await held(async () => {
      const first = post(SLOW, app);
      await until(() => pool.totalCount > pool.idleCount);
      const { status, errors } = await post(ACCOUNTS, app);
      expect({ status, code: errors[0].extensions.code }).toEqual({ status: 503, code: 'UNAVAILABLE' });
      first.catch(() => undefined);
    });
    await until(() => pool.totalCount === pool.idleCount);
    await pool.end();
  });
});

test('a client that goes away leaves no connection in use', async () => {
  const url = await world.app.listen({ host: '127.0.0.1', port: 0 });
  await held(async () => {
    const gone = new AbortController();
    const asked = fetch(`${url}/graphql`, {
      method: 'POST',
      signal: gone.signal,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: SLOW }),
    });
    await busy();
    gone.abort();
    await expect(asked).rejects.toThrow();
  });
  await idle();
});

test('without the event store commands are UNAVAILABLE, and queries are answered', async () => {
  await world.store.close();
  const { data, errors } = await post('mutation { registerAccount(input: { name: "A" }) { revision } }');
  expect(data).toEqual({ registerAccount: null });
  expect(errors).toEqual([
    expect.objectContaining({ extensions: expect.objectContaining({ code: 'UNAVAILABLE' }) }),
  ]);
  await isWell();
});
