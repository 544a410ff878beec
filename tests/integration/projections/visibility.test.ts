import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { type Change, openVisibility, type Visibility } from '../../../src/projections/engine/visibility.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { memoryLog } from './memoryLog.ts';
import { eventually, reached, run, silent } from './running.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(() => postgres.reset());

async function open(pool = postgres.pool): Promise<Visibility & { readonly changes: readonly Change[] }> {
  const visibility = await openVisibility({ pool, logger: silent });
  onTestFinished(visibility.close);
  const changes: Change[] = [];
  visibility.onChange(change => changes.push(change));
  return { ...visibility, changes };
}

async function projecting() {
  const log = memoryLog();
  const projector = await run({ pool: postgres.pool, source: log.source });
  await reached(projector, log.append({ type: 'Unwanted', aggregateId: randomUUID() }));
  return log;
}

const made = (aggregateId: string = randomUUID(), workspaceId = 'default') => ({
  type: 'ThingMade',
  aggregateId,
  workspaceId,
  data: { name: 'n' },
});

/** The connection that listens, and when it has last asked for something. */
async function listening() {
  const { rows } = await postgres.pool.query<{ pid: number; asked: string }>(
    `SELECT pid, query_start::text AS asked FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%min(commit_position)%'`,
  );
  return rows;
}

test('whoever waits for a position is woken once its rows are there', async () => {
  const log = await projecting();
  const visibility = await open();
  for (let i = 0; i < 20; i++) {
    const id = randomUUID();
    const position = log.append(made(id));
    expect(await visibility.waitFor(position, 10_000)).toBe('visible');
    expect(visibility.position()).toBeGreaterThanOrEqual(position);
    const { rowCount } = await postgres.pool.query('SELECT FROM crm.things WHERE id = $1', [id]);
    expect(rowCount).toBe(1);
  }
});

test('nothing is asked of Postgres meanwhile', async () => {
  const log = await projecting();
  const visibility = await open();
  const before = await listening();
  expect(before).toHaveLength(1);
  for (let i = 0; i < 5; i++) await visibility.waitFor(log.append(made()), 10_000);
  expect(await listening()).toEqual(before);
});

test('a position that is visible already needs no waiting, one that never comes a timeout', async () => {
  const log = await projecting();
  const last = log.append(made());
  const first = await open();
  await first.waitFor(last, 10_000);
  const later = await open();
  expect(await later.waitFor(last, 0)).toBe('visible');
  expect(await later.waitFor(last + 1n, 5)).toBe('timeout');
  const waiting = later.waitFor(last + 1n, 10_000);
  await later.close();
  expect(await waiting).toBe('timeout');
});

test('a listener hears which rows have changed, by workspace and model', async () => {
  const log = await projecting();
  const visibility = await open();
  const [mine, theirs, part] = [randomUUID(), randomUUID(), randomUUID()];
  const position = log.append({ ...made(mine), data: { name: 'n', parts: [part] } }, made(theirs, 'other'));
  await visibility.waitFor(position, 10_000);
  const fact = expect.any(String);
  expect(visibility.changes.flatMap(({ changed }) => [...changed])).toEqual([
    [
      'default',
      new Map([
        ['thingFacts', [fact]],
        ['thingParts', [part]],
        ['things', [mine]],
      ]),
    ],
    [
      'other',
      new Map([
        ['thingFacts', [fact]],
        ['things', [theirs]],
      ]),
    ],
  ]);
  expect(visibility.changes.at(-1)).toMatchObject({ position, gap: false });
});

test('a batch that takes many notifications is heard as one change', async () => {
  const log = await projecting();
  const visibility = await open();
  const ids = Array.from({ length: 900 }, () => randomUUID());
  const position = log.append(...ids.map(id => made(id)));
  await visibility.waitFor(position, 10_000);
  const [change, ...more] = visibility.changes;
  expect(more).toEqual([]);
  expect(change?.position).toBe(position);
  expect(new Set(change?.changed.get('default')?.get('things'))).toEqual(new Set(ids));
  expect(change?.changed.get('default')?.get('thingFacts')).toHaveLength(900);
});

test('who stops listening hears no more', async () => {
  const log = await projecting();
  const visibility = await open();
  const heard: Change[] = [];
  visibility.onChange(change => heard.push(change))();
  await visibility.waitFor(log.append(made()), 10_000);
  expect([visibility.changes.length, heard.length]).toEqual([1, 0]);
});

test('a lost connection is made anew, those who wait are woken, and listeners told of the gap', async () => {
  const log = memoryLog();
  const projector = await run({ pool: postgres.pool, source: log.source });
  await reached(projector, log.append(made()));
  await projector.close();
  const pool = new pg.Pool({ connectionString: postgres.url });
  const visibility = await open(pool);
  const [connection] = await listening();
  const position = log.append(made());
  const waiting = visibility.waitFor(position, 20_000);
  pool.options.connectionString = 'postgres://127.0.0.1:1/nowhere';
  await postgres.pool.query('SELECT pg_terminate_backend($1)', [connection?.pid]);
  // Nobody listens while this batch is applied.
  await reached(await run({ pool: postgres.pool, source: log.source }), position);
  pool.options.connectionString = postgres.url;
  expect(await waiting).toBe('visible');
  await eventually(
    async () => visibility.changes.find(({ gap }) => gap),
    change => expect(change).toMatchObject({ position, changed: new Map() }),
  );
  expect(await visibility.waitFor(log.append(made()), 10_000)).toBe('visible');
});

test('what a crash of Postgres has taken back is visible no longer', async () => {
  const log = await projecting();
  const visibility = await open();
  await visibility.waitFor(log.append(made()), 10_000);
  const before = visibility.position() - 100n;
  await postgres.pool.query('UPDATE relata.builds SET commit_position = $1', [before]);
  for (const { pid } of await listening())
    await postgres.pool.query('SELECT pg_terminate_backend($1)', [pid]);
  await eventually(
    async () => visibility.position(),
    position => expect(position).toBe(before),
  );
});

test.each(['', 'no JSON', '{"position":7}', '{"changed":{"default":{"things":"all"}}}', 'null'])(
  'a stranger’s notification says nothing: %s',
  async payload => {
    const log = await projecting();
    const visibility = await open();
    await postgres.pool.query(`SELECT pg_notify('relata_visible', $1)`, [payload]);
    await visibility.waitFor(log.append(made()), 10_000);
    expect(visibility.changes).toHaveLength(1);
  },
);
