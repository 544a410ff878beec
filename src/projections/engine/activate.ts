/**
 * A build that stands where the live group stands is shown: it is made active, the views are pointed at it and the one
 * before is retired, in one transaction. Readers see one whole build or the other.
 */
import type pg from 'pg';
import { type Build, lockBuilds, retire } from './builds.ts';
import { fenced } from './failure.ts';
import type { Group, Member } from './group.ts';
import { VISIBLE_POSITION } from './logClock.ts';
import { CHANNEL } from './notify.ts';
import { comparePoints } from './source.ts';
import { analyse, indexesOf } from './tables.ts';
import { switchViews } from './views.ts';

/** How long readers may keep the switch waiting; those behind it wait as long. */
const LOCK_TIMEOUT = '200ms';

/**
 * @throws Postgres's `lock_not_available` while a reader holds a view: to be tried again later.
 * @throws Fenced when the owner has changed.
 */
export async function activate(
  pool: pg.Pool,
  level: Pick<Group, 'members' | 'point'>,
  token: string,
): Promise<void> {
  await inTransaction(pool, async client => {
    await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    const stored = await lockBuilds(client);
    const owned = await client.query(
      `SELECT FROM relata.builds WHERE owner = $1 AND schema_name = ANY ($2)`,
      [token, level.members.map(({ build }) => build.schema)],
    );
    if (owned.rowCount !== level.members.length) throw fenced('a build is another owner’s');
    for (const member of level.members) await activateOne(client, member, level, stored);
    // Where an old version held everybody's view back, more is visible now; what is parked is what the build has parked.
    await client.query(
      `SELECT pg_notify($1, json_build_object('position', ${VISIBLE_POSITION}::text, 'parked', true)::text)`,
      [CHANNEL],
    );
  });
  for (const member of level.members) member.shown = true;
}

async function activateOne(
  client: pg.ClientBase,
  { model, build }: Member,
  { point }: Pick<Group, 'point'>,
  stored: readonly Build[],
): Promise<void> {
  const own = stored.find(({ schema }) => schema === build.schema);
  if (!own || comparePoints(own.point, point) !== 0) throw fenced('a build is not where its owner left it');
  if (own.status === 'active') return;
  const before = stored.find(each => each.model === build.model && each.status === 'active');
  if (before) await retire(client, before);
  await client.query(
    `UPDATE relata.builds SET status = 'active', activated_at = now() WHERE schema_name = $1`,
    [build.schema],
  );
  await switchViews(client, model, build.schema);
}

/**
 * Makes the indexes that readers need and that aren't there, once in a process. Nothing else writes these tables
 * meanwhile: the caller owns them. Readers are not held up.
 */
export async function ensureIndexes(pool: pg.Pool, members: readonly Member[]): Promise<void> {
  const wanting = members.filter(({ indexed }) => !indexed);
  const trigrams = wanting.length > 0 ? await trigramSchema(pool) : undefined;
  for (const member of wanting) {
    const { schema } = member.build;
    const there = await indexNames(pool, schema);
    const missing = indexesOf(member.model, schema, trigrams).filter(({ name }) => !there.has(name));
    if (missing.length > 0 || !member.build.indexed)
      await inTransaction(pool, async client => {
        for (const { create } of missing) await client.query(create);
        await client.query(`UPDATE relata.builds SET indexed = true WHERE schema_name = $1`, [schema]);
      });
    member.indexed = true;
    if (missing.length > 0) await pool.query(analyse(member.model, schema));
  }
}

/** Where the extension is. Who may not create it, and has nobody who does, goes without. */
async function trigramSchema(pool: pg.Pool): Promise<string | undefined> {
  const { rows } = await pool.query<{ schema: string }>(
    `SELECT nspname AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'pg_trgm'`,
  );
  return rows[0]?.schema;
}

async function indexNames(pool: pg.Pool, schema: string): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT indexname AS name FROM pg_indexes WHERE schemaname = $1`,
    [schema],
  );
  return new Set(rows.map(({ name }) => name));
}

export const inTransaction = <T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> =>
  withClient(pool, async client => {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  });

/** What fails is rolled back, and a connection that can't even do that is not given back. */
export async function withClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // One that breaks says so by this as well as by its query; unheard, it would end the process.
  const broke = () => undefined;
  client.on('error', broke);
  const release = (broken?: true) => {
    client.off('error', broke);
    client.release(broken);
  };
  try {
    const result = await work(client);
    release();
    return result;
  } catch (error) {
    await client.query('ROLLBACK').then(
      () => release(),
      () => release(true),
    );
    throw error;
  }
}
