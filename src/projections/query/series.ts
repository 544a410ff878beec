/** The records that a series of events touched, the one that it touched last first. */
import { type RawBuilder, sql } from 'kysely';
import type { Position } from '../../eventstore/envelope.ts';
import { timeline } from '../timeline.ts';
import { limitOf } from './fetch.ts';
import { present } from './moment.ts';
import type { ReadSession } from './session.ts';
import { isId } from './values.ts';

export type Series = ({ readonly correlationId: string } | { readonly commandId: string }) & {
  /** Other records are left out. */
  readonly categories: readonly string[];
};

/** The place of a record's last event of the series. */
export type SeriesRecord = {
  readonly category: string;
  readonly id: string;
  readonly position: Position;
};

export type SeriesPage = {
  readonly limit: number;
  /** What comes after this record. */
  readonly after?: Pick<SeriesRecord, 'position' | 'id'>;
};

/** Each record once, by its last event: so a page costs no more than its rows, however long the series is. */
export async function fetchSeriesRecords(
  session: ReadSession,
  series: Series,
  { limit, after }: SeriesPage,
): Promise<readonly SeriesRecord[]> {
  const beyond = after
    ? sql` and (t.known_from, t.record_id) < (${after.position}::bigint, ${after.id}::uuid)`
    : sql.raw('');
  const rows = await session.readOnly(sql`
    select t.record_type, t.record_id, t.known_from from crm.timeline t
    where ${isRecordOf(session, series)}${beyond} and not exists (
      select 1 from crm.timeline later
      where ${isOf('later', session, series)} and later.record_id = t.record_id
        and later.known_from >= t.known_from and later.revision > t.revision)
    order by t.known_from desc, t.record_id desc limit ${limitOf(limit)}`);
  return rows.slice(0, limit).map(([category, id, position]) => ({ category, id, position }) as SeriesRecord); // of these columns
}

/** A row `t` of the series. Whether its event could be applied at all is told with the answer. */
function isRecordOf(session: ReadSession, series: Series): RawBuilder<unknown> {
  session.parked.touch({ model: timeline, moment: present });
  return sql`${isOf('t', session, series)} and t.record_type = any(${series.categories}::text[])`;
}

function isOf(row: string, { workspaceId }: ReadSession, series: Series): RawBuilder<unknown> {
  const column = (name: string) => sql.raw(`${row}.${name}`);
  const own =
    'correlationId' in series
      ? sql`${column('correlation_id')} = ${series.correlationId}`
      : sql`${column('command_id')} = ${series.commandId}`;
  return sql`${column('workspace_id')} = ${workspaceId} and ${own}`;
}

/** How many records it touched. */
export async function countSeriesRecords(session: ReadSession, series: Series): Promise<number> {
  const [row] = await session.readOnly(sql`
    select count(distinct t.record_id)::integer from crm.timeline t where ${isRecordOf(session, series)}`);
  return row?.[0] as number; // a count always has a value
}

/** An opaque cursor for a record's place. */
export const cursorOf = ({ position, id }: Pick<SeriesRecord, 'position' | 'id'>): string =>
  Buffer.from(`${position}.${id}`).toString('base64url');

/** Nothing for what is no such cursor. */
export function placeOf(cursor: string): SeriesPage['after'] {
  const [, position, id] =
    /^(\d{1,19})\.([0-9a-f-]{36})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  return position === undefined || id === undefined || !isId(id)
    ? undefined
    : { position: BigInt(position), id };
}
