/**
 * The builds of read models, as `relata.builds` has them. A build is one set of tables, folded from the log by one
 * declaration; of each model at most one is active, which the views show.
 */
import type pg from 'pg';
import type { ReadModel } from '../readModel.ts';
import { fenced, projectionError } from './failure.ts';
import type { LogPoint } from './source.ts';
import { quoted, schemaName } from './sqlNames.ts';
import { createTables, fingerprintOf } from './tables.ts';
import { dropViews } from './views.ts';

export type Build = {
  readonly model: string;
  readonly version: number;
  readonly build: number;
  readonly schema: string;
  readonly status: 'building' | 'active' | 'retired';
  readonly point: LogPoint | undefined;
  readonly fingerprint: string;
  readonly indexed: boolean;
  /** It is active, or has been. */
  readonly wasShown: boolean;
};

/** The row that keeps the checkpoint of the log's clock. */
export const CLOCK = 'logClock';
export const CLOCK_SCHEMA = 'relata';

const COLUMNS = `model, version, build, schema_name, status, commit_position::text AS commit,
  prepare_position::text AS prepare, event_id, fingerprint, indexed, activated_at IS NOT NULL AS "wasShown"`;

type BuildRow = Omit<Build, 'schema' | 'point'> & {
  readonly schema_name: string;
  readonly commit: string;
  readonly prepare: string;
  readonly event_id: string | null;
};

export async function readBuilds(db: pg.Pool | pg.ClientBase): Promise<readonly Build[]> {
  const { rows } = await db.query<BuildRow>(
    `SELECT ${COLUMNS} FROM relata.builds ORDER BY model, version, build`,
  );
  return rows.map(({ schema_name: schema, commit, prepare, event_id: eventId, ...row }) => ({
    ...row,
    schema,
    point: eventId === null ? undefined : { commit: BigInt(commit), prepare: BigInt(prepare), eventId },
  }));
}

/** As they stay until the transaction ends: nobody moves, makes or retires one meanwhile. */
export async function lockBuilds(client: pg.ClientBase): Promise<readonly Build[]> {
  await client.query('LOCK TABLE relata.builds IN SHARE ROW EXCLUSIVE MODE');
  return readBuilds(client);
}

/**
 * @throws when a declaration can't go on with what this database holds: columns changed without a new version, or a
 * newer Relata's build.
 */
export function checkDeclared(models: readonly ReadModel[], builds: readonly Build[]): void {
  for (const model of models) {
    const active = builds.find(build => build.model === model.name && build.status === 'active');
    if (!active) continue;
    if (active.version > model.version)
      throw projectionError({
        code: 'NEWER_BUILD',
        message: `This database has version ${active.version} of the read model ${model.name}, and this Relata knows ${model.version}; start the newer Relata.`,
        model: model.name,
      });
    if (active.version === model.version && active.fingerprint !== fingerprintOf(model))
      throw projectionError({
        code: 'SHAPE_CHANGED',
        message: `The columns or indexes of the read model ${model.name} have changed; raise its version from ${model.version} to ${model.version + 1}, so that it is built anew.`,
        model: model.name,
      });
  }
}

/**
 * Makes the builds that the declarations ask for, retires those that nothing declares any more, and writes the owner's
 * token into all that stay: from here on every earlier owner is fenced.
 * @returns the builds to be folded, and those of older versions, which stay as they are until they are replaced.
 */
export async function takeBuilds(
  client: pg.ClientBase,
  models: readonly ReadModel[],
  token: string,
): Promise<readonly Build[]> {
  const lease = await client.query(`SELECT FROM relata.lease WHERE owner = $1 FOR UPDATE`, [token]);
  if (lease.rowCount !== 1) throw fenced('the lease is another instance’s');
  const builds = await lockBuilds(client);
  checkDeclared(models, builds);
  for (const build of builds) {
    if (build.status === 'retired' || build.model === CLOCK) continue;
    const model = models.find(({ name }) => name === build.model);
    if (model && (build.status === 'active' || isWanted(build, model))) continue;
    if (build.status === 'active') await dropViews(client, build.model);
    await retire(client, build);
  }
  for (const model of models) {
    const current = builds.some(build => build.model === model.name && isWanted(build, model));
    if (!current) await createBuild(client, model, builds);
  }
  await client.query(`UPDATE relata.builds SET owner = $1 WHERE status <> 'retired'`, [token]);
  return (await readBuilds(client)).filter(({ status }) => status !== 'retired');
}

/** Whether this declaration can fold the build. */
export const isWanted = (build: Build, model: ReadModel): boolean =>
  build.status !== 'retired' && build.version === model.version && build.fingerprint === fingerprintOf(model);

/** @returns its schema. */
export async function createBuild(
  client: pg.ClientBase,
  model: ReadModel,
  builds: readonly Build[],
): Promise<string> {
  const { name, version } = model;
  const before = builds.filter(build => build.model === name && build.version === version);
  const build = Math.max(0, ...before.map(each => each.build)) + 1;
  const schema = schemaName(name, version, build);
  // One that `relata.builds` doesn't know is what was left when that table was emptied.
  await client.query(`DROP SCHEMA IF EXISTS ${quoted(schema)} CASCADE`);
  for (const statement of createTables(model, schema)) await client.query(statement);
  await client.query(
    `INSERT INTO relata.builds (model, version, build, schema_name, status, fingerprint)
     VALUES ($1, $2, $3, $4, 'building', $5)`,
    [name, version, build, schema, fingerprintOf(model)],
  );
  return schema;
}

export const retire = (client: pg.ClientBase, { schema }: Build): Promise<unknown> =>
  client.query(`UPDATE relata.builds SET status = 'retired', owner = NULL WHERE schema_name = $1`, [schema]);

/** Drops what was retired. Where a reader still holds a table, it stays until the next start. */
export async function dropRetired(client: pg.ClientBase): Promise<void> {
  for (const build of await readBuilds(client)) {
    if (build.status !== 'retired') continue;
    try {
      await client.query(`BEGIN; SET LOCAL lock_timeout = '500ms'`);
      await client.query(`DROP SCHEMA IF EXISTS ${quoted(build.schema)} CASCADE`);
      await client.query(`DELETE FROM relata.builds WHERE schema_name = $1 AND status = 'retired'`, [
        build.schema,
      ]);
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK');
      if (!isLockTimeout(error)) throw error;
    }
  }
}

/** Postgres's `lock_not_available`. */
export const isLockTimeout = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '55P03';
