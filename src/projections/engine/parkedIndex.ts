/** What is parked in the builds that the views show, for those who answer queries: small, and read again when it changes. */
import type { Queryable } from './logClock.ts';

export type ParkedHere = {
  readonly scope: 'row' | 'stream';
  readonly key: string;
  /** Of the first event that is not in the row; as known before it the row is whole. */
  readonly position: bigint;
};

export type ParkedIndex = {
  readonly count: number;
  /** In one model of one workspace. */
  readonly of: (workspaceId: string, model: string) => readonly ParkedHere[];
};

export const nothingParked: ParkedIndex = { count: 0, of: () => [] };

type Listed = ParkedHere & { readonly workspaceId: string; readonly model: string };

export async function readParkedIndex(db: Queryable): Promise<ParkedIndex> {
  const { rows } = await db.query(
    `SELECT b.model, p.workspace_id, p.scope, p.key, p.position::text AS position
     FROM relata.parked p JOIN relata.builds b USING (schema_name) WHERE b.status = 'active' ORDER BY p.id`,
  );
  if (rows.length === 0) return nothingParked;
  const listed = rows.map(
    ({ model, workspace_id, scope, key, position }): Listed => ({
      model: String(model),
      workspaceId: String(workspace_id),
      scope: scope === 'row' ? 'row' : 'stream',
      key: String(key),
      position: BigInt(String(position)),
    }),
  );
  const byModel = Map.groupBy(listed, ({ workspaceId, model }) => `${workspaceId} ${model}`);
  return { count: listed.length, of: (workspaceId, model) => byModel.get(`${workspaceId} ${model}`) ?? [] };
}
