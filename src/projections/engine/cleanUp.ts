/**
 * After erasures: what Postgres still keeps of the versions that were cleared is given up. No statement sees those any
 * more, but they lie in its files until a vacuum. It runs beside the projection, once for many erasures, and again after
 * an interruption.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from 'pino';
import { isPersonalColumn } from '../columns.ts';
import type { ReadModel } from '../readModel.ts';
import { readBuilds } from './builds.ts';
import { quoted } from './sqlNames.ts';
import { olderSnapshotsEnd } from './switchOver.ts';

export type CleaningUp = {
  readonly pool: pg.Pool;
  readonly models: readonly ReadModel[];
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly signal: AbortSignal;
};

const LOOK_MS = 2_000;
/** A vacuum reads whole indexes: once in a while it does for all persons that were erased meanwhile. */
const REST_MS = 60_000;

/** Goes on until the signal aborts. */
export async function cleanUpAfterErasures(cleaning: CleaningUp): Promise<void> {
  const { signal, logger } = cleaning;
  const rest = (ms: number) => delay(ms, undefined, { signal }).catch(() => undefined);
  while (!signal.aborted)
    try {
      await rest((await cleanUp(cleaning)) === 'nothing to do' ? LOOK_MS : REST_MS);
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ err: error }, 'cleaning up after erasures is tried again');
      await rest(REST_MS);
    }
}

async function cleanUp({ pool, models, signal, logger }: CleaningUp): Promise<'done' | 'nothing to do'> {
  const { rows } = await pool.query<{ position: string | null }>(
    'SELECT max(position)::text AS position FROM relata.erasures WHERE NOT vacuumed',
  );
  const position = rows[0]?.position ?? null;
  if (position === null) return 'nothing to do';
  // A vacuum keeps what some transaction could still see.
  await olderSnapshotsEnd({ pool, signal });
  if (signal.aborted) return 'nothing to do';
  const tables = await tablesWithPersons(pool, models);
  for (const table of tables) await pool.query(`VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) ${table}`);
  await pool.query('UPDATE relata.erasures SET vacuumed = true WHERE NOT vacuumed AND position <= $1', [
    position,
  ]);
  logger.info({ tables: tables.length, position }, 'cleaned up after erasures');
  return 'done';
}

async function tablesWithPersons(pool: pg.Pool, models: readonly ReadModel[]): Promise<readonly string[]> {
  const builds = await readBuilds(pool);
  const personal = models.filter(({ columns }) => Object.values(columns).some(isPersonalColumn));
  const tables = personal.flatMap(({ name, history }) =>
    builds
      .filter(({ model, status }) => model === name && status !== 'retired')
      .flatMap(({ schema }) =>
        (history ? ['rows', 'history'] : ['rows']).map(table => `${quoted(schema)}.${table}`),
      ),
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
