/** What is parked, as the tables say, and the models that fold all but that. */
import type pg from 'pg';
import type { ReadModel } from '../../../src/projections/readModel.ts';

export type ParkedEntry = {
  readonly id: string;
  readonly model: string;
  readonly workspace_id: string;
  readonly scope: 'row' | 'stream';
  readonly key: string;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly position: string;
  readonly code: string;
  readonly reason: string;
  readonly behind: number;
  readonly attempts: number;
};

/** Of the builds that are shown. */
export async function parkedIn(pool: pg.Pool): Promise<readonly ParkedEntry[]> {
  const { rows } = await pool.query<ParkedEntry>(
    `SELECT p.*, b.model, behind::int AS behind FROM relata.parked p
     JOIN relata.builds b USING (schema_name) WHERE b.status = 'active' ORDER BY p.id`,
  );
  return rows;
}

/** The same models, blind to what may not be in the rows: parked events, and what came later to the same. */
export const omitting = (
  models: readonly ReadModel[],
  parked: readonly ParkedEntry[],
): readonly ReadModel[] =>
  models.map(model => {
    const mine = parked.filter(entry => entry.model === model.name);
    return {
      ...model,
      handler: event => {
        const stopped = mine.filter(({ position }) => BigInt(position) <= event.position);
        if (stopped.some(({ scope, stream }) => scope === 'stream' && stream === event.stream))
          return undefined;
        const handler = model.handler(event);
        const isOpen = (id: string) =>
          !stopped.some(
            ({ scope, workspace_id, key }) =>
              scope === 'row' && workspace_id === event.workspaceId && key === id,
          );
        return handler && { ...handler, keys: each => handler.keys(each).filter(isOpen) };
      },
    };
  });
