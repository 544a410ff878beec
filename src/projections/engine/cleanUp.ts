/**
 * After erasures, beside the projection. Builds that nobody folds any more, of an older version or replaced, are dropped
 * or cleared. And what Postgres still keeps of the versions that were cleared is given up: no statement sees those any
 * more, but they lie in its files until a vacuum. Once for many erasures, and again after an interruption.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Subject } from '../../eventstore/personal/keySource.ts';
import { isPersonalColumn } from '../columns.ts';
import type { ReadModel } from '../readModel.ts';
import { withClient } from './activate.ts';
import { dropRetired, isWanted, readBuilds } from './builds.ts';
import { clearingOf } from './clearing.ts';
import { quoted } from './sqlNames.ts';
import { olderSnapshotsEnd } from './switchOver.ts';

export type CleaningUp = {
  readonly pool: pg.Pool;
  readonly models: readonly ReadModel[];
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly signal: AbortSignal;
};

const LOOK_MS = 2_000;
/** A vacuum reads whole indexes. It is done for all persons that were erased meanwhile, and takes a tenth of the time. */
const REST = 10;
const AFTER_FAILURE_MS = 60_000;

/** Goes on until the signal aborts. */
export async function cleanUpAfterErasures(cleaning: CleaningUp): Promise<void> {
  const { signal, logger } = cleaning;
  const rest = (ms: number) => delay(ms, undefined, { signal }).catch(() => undefined);
  while (!signal.aborted)
    try {
      const begun = performance.now();
      await cleanUp(cleaning);
      await rest(Math.max(LOOK_MS, REST * (performance.now() - begun)));
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ err: error }, 'cleaning up after erasures is tried again');
      await rest(AFTER_FAILURE_MS);
    }
}

async function cleanUp({ pool, models, signal, logger }: CleaningUp): Promise<void> {
  const { rows } = await pool.query<{ position: string | null }>(
    'SELECT max(position)::text AS position FROM relata.erasures WHERE NOT vacuumed',
  );
  const position = rows[0]?.position ?? null;
  if (position === null) return;
  await withClient(pool, dropRetired);
  await clearUnfolded(pool, models);
  // A vacuum keeps what some transaction could still see.
  await olderSnapshotsEnd({ pool, signal });
  if (signal.aborted) return;
  const tables = await tablesWithPersons(pool, models);
  for (const table of tables) await pool.query(`VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) ${table}`);
  await pool.query('UPDATE relata.erasures SET vacuumed = true WHERE NOT vacuumed AND position <= $1', [
    position,
  ]);
  logger.info({ tables: tables.length, position }, 'cleaned up after erasures');
}

/** What is left of builds that are no members of a group, and so were not cleared along with one. */
async function clearUnfolded(pool: pg.Pool, models: readonly ReadModel[]): Promise<void> {
  const { rows: persons } = await pool.query<Subject>(
    `SELECT workspace_id AS "workspaceId", category, subject_id AS id FROM relata.erasures WHERE NOT vacuumed`,
  );
  for (const { model, build } of await personalBuilds(pool, models)) {
    if (isWanted(build, model)) continue;
    const { rows } = await pool.query<{ name: string }>(
      'SELECT DISTINCT column_name AS name FROM information_schema.columns WHERE table_schema = $1',
      [build.schema],
    );
    const columns = new Set(rows.map(({ name }) => name));
    for (const { text, values } of clearingOf(model, build.schema, { has: name => columns.has(name) }))
      await pool.query(text, values(persons));
  }
}

/** The builds that may hold something about persons. */
async function personalBuilds(pool: pg.Pool, models: readonly ReadModel[]) {
  const personal = models.filter(({ columns }) => Object.values(columns).some(isPersonalColumn));
  const builds = await readBuilds(pool);
  return personal.flatMap(model =>
    builds.filter(build => build.model === model.name).map(build => ({ model, build })),
  );
}

async function tablesWithPersons(pool: pg.Pool, models: readonly ReadModel[]): Promise<readonly string[]> {
  const builds = await personalBuilds(pool, models);
  const tables = builds.flatMap(({ model, build }) =>
    (model.history ? ['rows', 'history'] : ['rows']).map(table => `${quoted(build.schema)}.${table}`),
  );
  return ['vault.subject_keys', ...tables];
}

/** A vault that was restored alone, from before an erasure, is told of it again. */
export async function repeatErasures(pool: pg.Pool): Promise<void> {
  await pool.query(`
    WITH again AS (
      UPDATE vault.subject_keys k SET wrapped = NULL, wrapping_key_id = NULL, erased_at = now()
      FROM relata.erasures e
      WHERE k.workspace_id = e.workspace_id AND k.subject_category = e.category AND k.subject_id = e.subject_id
        AND k.wrapped IS NOT NULL
      RETURNING e.workspace_id, e.category, e.subject_id)
    UPDATE relata.erasures e SET vacuumed = false FROM again a
    WHERE e.workspace_id = a.workspace_id AND e.category = a.category AND e.subject_id = a.subject_id`);
}
