/** Projectors over a log in memory, closed after each test, and waiting for what they do. */
import type pg from 'pg';
import { afterEach, vi } from 'vitest';
import {
  type Projector,
  type ProjectorOptions,
  type ProjectorStatus,
  startProjector,
} from '../../../src/projections/engine/projector.ts';
import { testModels } from './models.ts';

const open = new Set<Projector>();

afterEach(async () => {
  await Promise.all([...open].map(projector => projector.close()));
  open.clear();
});

export const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

export async function run(
  options: Pick<ProjectorOptions, 'pool' | 'source'> & Partial<ProjectorOptions>,
): Promise<Projector> {
  const projector = await startProjector({
    models: testModels,
    logger: silent,
    instance: 'test',
    leaseMs: 600,
    ...options,
  });
  open.add(projector);
  return projector;
}

/** Resolves once the status is as wanted. */
export function until(
  projector: Projector,
  wanted: (status: ProjectorStatus) => boolean,
): Promise<ProjectorStatus> {
  return new Promise(resolve => {
    const look = (status: ProjectorStatus) => wanted(status) && resolve(status);
    projector.onStatus(look);
    look(projector.status());
  });
}

export const reached = (projector: Projector, position: bigint) =>
  until(
    projector,
    status => status.state === 'failed' || (status.state === 'live' && status.position >= position),
  );

/** The active build of a model, as its schema; nothing while it has none. */
export const shownBuild = async (pool: pg.Pool, model: string): Promise<string | undefined> => {
  const { rows } = await pool.query<{ schema: string }>(
    `SELECT schema_name AS schema FROM relata.builds WHERE model = $1 AND status = 'active'`,
    [model],
  );
  return rows[0]?.schema;
};

/** Resolves once a look finds what it is wanted to. */
export const eventually = <T>(look: () => Promise<T>, wanted: (found: T) => void): Promise<void> =>
  vi.waitFor(async () => wanted(await look()), { timeout: 20_000, interval: 20 });

export async function checkpoints(pool: pg.Pool): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ schema_name: string; commit: string }>(
    'SELECT schema_name, commit_position::text AS commit FROM relata.builds ORDER BY 1',
  );
  return Object.fromEntries(rows.map(row => [row.schema_name, row.commit]));
}
