/** `relata.parked`: what is parked, build by build, as the tables have it. */
import type pg from 'pg';
import { arrayOf } from './encode.ts';
import type { Parked } from './parking.ts';
import type { Bulk } from './statements.ts';

/** By the schemas of builds. */
export type ParkedBySchema = ReadonlyMap<string, readonly Parked[]>;

export type ListedParked = Parked & {
  readonly id: string;
  readonly schema: string;
  readonly model: string;
  /** Of the build. */
  readonly status: 'building' | 'active' | 'retired';
  readonly behind: bigint;
  readonly parkedAt: Date;
  readonly attempts: number;
  /** It is to be tried again. */
  readonly asked: boolean;
  /** When this was read, by Postgres's clock to the microsecond. */
  readonly readAt: string;
};

type Stored = Omit<ListedParked, 'position' | 'behind'> & {
  readonly position: string;
  readonly behind: string;
};

/** In the order in which they were parked. */
export async function readParked(
  db: pg.Pool | pg.ClientBase,
  where = 'true',
): Promise<readonly ListedParked[]> {
  const { rows } = await db.query<Stored>(
    `SELECT p.id::text, schema_name AS schema, b.model, b.status, scope, workspace_id AS "workspaceId", key, stream,
       revision, type, position::text, p.event_id AS "eventId", code, reason, behind::text,
       parked_at AS "parkedAt", attempts, asked_at IS NOT NULL AS asked, clock_timestamp()::text AS "readAt"
     FROM relata.parked p JOIN relata.builds b USING (schema_name) WHERE ${where} ORDER BY p.id`,
  );
  return rows.map(row => ({ ...row, position: BigInt(row.position), behind: BigInt(row.behind) }));
}

export const parkedBySchema = async (db: pg.Pool | pg.ClientBase): Promise<ParkedBySchema> =>
  Map.groupBy(await readParked(db), ({ schema }) => schema);

type Of<T> = T & { readonly schema: string };
type Name = Pick<Parked, 'workspaceId' | 'scope' | 'key'>;

const named: readonly ((item: Of<Name>) => unknown)[] = [
  item => item.schema,
  item => item.workspaceId,
  item => item.scope,
  item => item.key,
];
const NAMED =
  'p.schema_name = k.schema AND p.workspace_id = k.workspace AND p.scope = k.scope AND p.key = k.key';

export const insertParked: Bulk<Of<Parked>> = {
  name: 'parked',
  text: `INSERT INTO relata.parked
      (schema_name, workspace_id, scope, key, stream, revision, type, position, event_id, code, reason)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[],
      $8::bigint[], $9::uuid[], $10::text[], $11::text[])`,
  values: items =>
    [
      ...named,
      ...[
        (item: Parked) => item.stream,
        (item: Parked) => item.revision,
        (item: Parked) => item.type,
        (item: Parked) => item.position,
        (item: Parked) => item.eventId,
        (item: Parked) => item.code,
        (item: Parked) => storable(item.reason),
      ],
    ].map(read => arrayOf(items, read)),
};

/** Counts what is not applied. */
export const countBehind: Bulk<Of<Name> & { readonly events: number }> = {
  name: 'behind',
  text: `UPDATE relata.parked p SET behind = behind + k.events
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[]) AS k (schema, workspace, scope, key, events)
    WHERE ${NAMED}`,
  values: items => [
    ...named.map(read => arrayOf(items, read)),
    arrayOf(items, ({ events }: { events: number }) => events),
  ],
};

export const removeParked: Bulk<Of<Name>> = {
  name: 'healed',
  text: `DELETE FROM relata.parked p
    USING unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k (schema, workspace, scope, key) WHERE ${NAMED}`,
  values: items => named.map(read => arrayOf(items, read)),
};

/** It was tried in vain. What stops it now may be another event than the first. Who has asked meanwhile asks still. */
export const tryFailed: Bulk<Of<Parked> & { readonly begun: string }> = {
  name: 'try failed',
  text: `UPDATE relata.parked p SET attempts = attempts + 1, code = k.code, reason = k.reason,
      asked_at = CASE WHEN asked_at > k.begun THEN asked_at END
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
      AS k (schema, workspace, scope, key, code, reason, begun) WHERE ${NAMED}`,
  values: items => [
    ...named.map(read => arrayOf(items, read)),
    arrayOf(items, ({ code }: Parked) => code),
    arrayOf(items, ({ reason }: Parked) => storable(reason)),
    arrayOf(items, ({ begun }: { begun: string }) => begun),
  ],
};

/** The words of whatever was thrown, as Postgres can hold them. */
const storable = (reason: string): string => reason.replaceAll('\0', '').toWellFormed().slice(0, 2_000);
