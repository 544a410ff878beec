/** Asking for read models to be built anew, from any process: the one that projects takes the builds up by itself. */
import type pg from 'pg';
import type { Position } from '../../eventstore/envelope.ts';
import type { ReadModel } from '../readModel.ts';
import { inTransaction } from './activate.ts';
import { CLOCK, createBuild, lockBuilds, readBuilds } from './builds.ts';
import { BEFORE_ALL, comparePoints } from './source.ts';

/**
 * Asked for together they read the log together. Where a build is on its way already, that one is meant.
 * @param withParked whether one is shown that has parked more than the present one.
 * @returns their schemas, by model.
 */
export const requestBuilds = (
  pool: pg.Pool,
  models: readonly ReadModel[],
  withParked: 'hold back' | 'accept' = 'hold back',
): Promise<ReadonlyMap<string, string>> =>
  inTransaction(pool, async client => {
    const builds = await lockBuilds(client);
    const schemas = new Map<string, string>();
    for (const model of models) {
      const begun = builds.find(build => build.model === model.name && build.status === 'building');
      schemas.set(model.name, begun?.schema ?? (await createBuild(client, model, builds)));
    }
    if (withParked === 'accept')
      await client.query('UPDATE relata.builds SET accept_parked = true WHERE schema_name = ANY ($1)', [
        [...schemas.values()],
      ]);
    return schemas;
  });

export type BuildProgress = {
  readonly model: string;
  /** `given up`: it was retired before it was shown. `held`: it is level, and has parked more than the one that is shown. */
  readonly state: 'building' | 'held' | 'shown' | 'given up';
  readonly position: Position;
  /** How many events it has folded in bulk, which nearly all are. */
  readonly handled: number;
  readonly parked: number;
};

export type Progress = {
  readonly builds: readonly BuildProgress[];
  /** Of what is shown: a build is switched to once it has come there. */
  readonly end: Position;
  /** Whether any process projects now. */
  readonly isProjected: boolean;
};

/** How far builds are. @param schemas as `requestBuilds` returned them. */
export async function progressOf(pool: pg.Pool, schemas: ReadonlyMap<string, string>): Promise<Progress> {
  const [builds, lease, figures] = await Promise.all([
    readBuilds(pool),
    pool.query('SELECT FROM relata.lease WHERE until > clock_timestamp()'),
    pool.query<Figures>(FIGURES, [[...schemas.values()]]),
  ]);
  const clock = builds.find(({ model }) => model === CLOCK);
  const found = [...schemas].map(([model, schema]): BuildProgress => {
    const build = builds.find(each => each.schema === schema);
    const { handled, parked, worse } = figures.rows.find(row => row.schema === schema) ?? NO_FIGURES;
    const about = { model, position: (build?.point ?? BEFORE_ALL).commit, handled, parked };
    if (build?.status !== 'building') return { ...about, state: build?.wasShown ? 'shown' : 'given up' };
    const isLevel = build.indexed && comparePoints(build.point, clock?.point) === 0;
    return { ...about, state: isLevel && worse ? 'held' : 'building' };
  });
  return { builds: found, end: (clock?.point ?? BEFORE_ALL).commit, isProjected: lease.rowCount === 1 };
}

type Figures = {
  readonly schema: string;
  readonly handled: number;
  readonly parked: number;
  readonly worse: boolean;
};
const NO_FIGURES = { handled: 0, parked: 0, worse: false };

/** `worse` as switchOver.ts means it. */
const FIGURES = `
  SELECT b.schema_name AS schema, b.handled::float8 AS handled,
    (SELECT count(*)::int FROM relata.parked p WHERE p.schema_name = b.schema_name) AS parked,
    NOT b.accept_parked AND shown.schema_name IS NOT NULL AND EXISTS (
      SELECT FROM relata.parked p WHERE p.schema_name = b.schema_name AND NOT EXISTS (
        SELECT FROM relata.parked q WHERE q.schema_name = shown.schema_name
          AND (q.scope = 'stream' AND q.stream = p.stream
            OR q.scope = 'row' AND p.scope = 'row' AND q.workspace_id = p.workspace_id AND q.key = p.key))) AS worse
  FROM relata.builds b
  LEFT JOIN relata.builds shown ON shown.model = b.model AND shown.version = b.version AND shown.status = 'active'
  WHERE b.schema_name = ANY ($1)`;
