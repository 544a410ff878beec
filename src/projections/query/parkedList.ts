/** What is parked in one workspace, with all that is known of it: for administrators. */
import { sql } from 'kysely';
import type { Instant } from '../../domain/kernel/values.ts';
import type { ReadSession } from './session.ts';

export type ParkedEntry = {
  readonly id: string;
  readonly model: string;
  /** The row, or the record whose whole stream it is. */
  readonly recordId: string;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly position: bigint;
  readonly code: string;
  readonly reason: string;
  readonly behind: number;
  readonly parkedAt: Instant;
  readonly attempts: number;
};

/** As in the list that is selected. */
const FIELDS: readonly (keyof ParkedEntry)[] = [
  'id',
  'model',
  'recordId',
  'stream',
  'revision',
  'type',
  'position',
  'code',
  'reason',
  'behind',
  'parkedAt',
  'attempts',
];

/** In the read models that are shown; in the order in which it was parked. */
export async function fetchParked(session: ReadSession, first: number): Promise<readonly ParkedEntry[]> {
  const rows = await session.read(sql`
    select p.id::text, b.model, p.key, p.stream, p.revision, p.type, p.position, p.code, p.reason,
      least(p.behind, 2147483647)::int, p.parked_at, p.attempts
    from relata.parked p join relata.builds b using (schema_name)
    where b.status = 'active' and p.workspace_id = ${session.workspaceId} order by p.id limit ${first}`);
  return rows.map(
    values => Object.fromEntries(FIELDS.map((field, i) => [field, values[i]])) as unknown as ParkedEntry, // as selected
  );
}
