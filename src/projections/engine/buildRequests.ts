/** Asking for read models to be built anew, from any process: the one that projects takes the builds up by itself. */
import type pg from 'pg';
import type { Position } from '../../eventstore/envelope.ts';
import type { ReadModel } from '../readModel.ts';
import { inTransaction } from './activate.ts';
import { CLOCK, createBuild, lockBuilds, readBuilds } from './builds.ts';
import { BEFORE_ALL } from './source.ts';

/**
 * Asked for together they read the log together. Where a build is on its way already, that one is meant.
 * @returns their schemas, by model.
 */
export const requestBuilds = (
  pool: pg.Pool,
  models: readonly ReadModel[],
): Promise<ReadonlyMap<string, string>> =>
  inTransaction(pool, async client => {
    const builds = await lockBuilds(client);
    const schemas = new Map<string, string>();
    for (const model of models) {
      const begun = builds.find(build => build.model === model.name && build.status === 'building');
      schemas.set(model.name, begun?.schema ?? (await createBuild(client, model, builds)));
    }
    return schemas;
  });

export type BuildProgress = {
  readonly model: string;
  /** `given up`: it was retired before it was shown. */
  readonly state: 'building' | 'shown' | 'given up';
  readonly position: Position;
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
  const [builds, lease] = await Promise.all([
    readBuilds(pool),
    pool.query('SELECT FROM relata.lease WHERE until > clock_timestamp()'),
  ]);
  const found = [...schemas].map(([model, schema]): BuildProgress => {
    const build = builds.find(each => each.schema === schema);
    const position = (build?.point ?? BEFORE_ALL).commit;
    if (build?.status === 'building') return { model, state: 'building', position };
    return { model, state: build?.wasShown ? 'shown' : 'given up', position };
  });
  const clock = builds.find(({ model }) => model === CLOCK);
  return { builds: found, end: (clock?.point ?? BEFORE_ALL).commit, isProjected: lease.rowCount === 1 };
}
