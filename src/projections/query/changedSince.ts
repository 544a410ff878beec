/** Which records have changed since a place in the log: for those who could not hear of it. */
import { sql } from 'kysely';
import type { Position } from '../../eventstore/envelope.ts';
import type { ReadModel } from '../readModel.ts';
import { viewOf } from './names.ts';
import type { ReadSession } from './session.ts';

/** Ids, by the place of their last change. No index has it: for a rare look, not for every request. */
export async function fetchChangedSince(
  session: ReadSession,
  model: ReadModel,
  position: Position,
): Promise<readonly string[]> {
  const rows = await session.readOnly(
    sql`select t0.id from ${sql.raw(viewOf(model))} t0
        where t0.workspace_id = ${session.workspaceId} and t0.known_from > ${position}::bigint
        order by t0.known_from`,
  );
  return rows.map(([id]) => id as string); // a uuid column
}
