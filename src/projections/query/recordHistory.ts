/** What became of records: each version beside the one before, with the event that made it. The newest first. */
import { type RawBuilder, sql } from 'kysely';
import type { ReadModel } from '../readModel.ts';
import { limitOf } from './fetch.ts';
import {
  anyDiffers,
  comparedColumns,
  type FieldChange,
  fieldChanges,
  rowFrom,
  sqlColumnsOf,
} from './fieldChanges.ts';
import { beganBy, type Moment, seen } from './moment.ts';
import { historyOf } from './names.ts';
import { beyond, type Order } from './order.ts';
import { type Page, type PageRequest, pageOf, spanOf } from './page.ts';
import { momentOf, type Row } from './plan.ts';
import type { ReadSession } from './session.ts';

export type Histories = {
  readonly model: ReadModel;
  /** What was not yet so, or not known, at this moment is left out. */
  readonly moment: Moment;
  /** Columns; changes of none of these are left out. All when absent. */
  readonly columns: readonly string[] | undefined;
};

/** One event's changes. The id is the record's. */
export type Change = Row & {
  readonly revision: number;
  readonly position: bigint;
  readonly occurredAt: string;
  readonly fields: readonly FieldChange[];
  /** Nothing while the timeline doesn't have the event. */
  readonly event: ChangeEvent | null;
};

export type ChangeEvent = {
  readonly type: string;
  readonly recordedAt: string;
  readonly actorType: string;
  readonly actorId: string;
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId: string;
};

/** A record's revisions have no gaps and are in the order of both clocks. */
const NEWEST_FIRST: Order = [
  { column: 'revision', kind: 'int', nullable: false, direction: 'desc', nulls: 'last' },
];

const EVENT = [
  'type',
  'recorded_at',
  'actor_type',
  'actor_id',
  'command_id',
  'correlation_id',
  'causation_id',
];

/**
 * A page of each record's changes, in the order of the ids. Events are found by their revision too: those that were
 * appended at once may share a position.
 */
export async function fetchHistories(
  session: ReadSession,
  request: Histories & { readonly page: Pick<PageRequest, 'first' | 'after'> },
  ids: readonly string[],
): Promise<readonly Page[]> {
  const { model, moment } = request;
  const span = spanOf(request.page, NEWEST_FIRST);
  session.parked.touch({ model, moment, ids });
  const columns = request.columns ?? comparedColumns(model);
  const parts = sqlColumnsOf(model, columns);
  const list = (prefix: string) => parts.map(part => `t0.${prefix}${part}`);
  const select = ['t0.revision', 't0.known_from', 't0.valid_from', ...list(''), ...list('was_')];
  const cursor = span.from ? sql` where ${beyond(NEWEST_FIRST, span.from)}` : sql.raw('');
  const rows = await session.read(sql`
    select record.n::int, ${sql.raw([...select, ...EVENT.map(name => `e.${name}`)].join(', '))}
    from unnest(${ids}::uuid[]) with ordinality record(id, n)
    cross join lateral (
      select * from (${changedVersions(session, request, columns)}) t0${cursor}
      order by t0.revision desc limit ${limitOf(span.size + 1)}
    ) t0
    left join crm.timeline e on e.workspace_id = ${session.workspaceId} and e.record_id = record.id
      and e.known_from = t0.known_from and e.revision = t0.revision
    order by record.n, t0.revision desc`);
  const changes = new Map<number, Change[]>(ids.map((_, i) => [i + 1, []]));
  for (const [n, revision, position, occurredAt, ...rest] of rows) {
    const [after, before, event] = [
      rest.slice(0, parts.length),
      rest.slice(parts.length, 2 * parts.length),
      rest.slice(2 * parts.length),
    ];
    changes.get(n as number)?.push({
      id: ids[(n as number) - 1] ?? '',
      [momentOf]: moment,
      revision: revision as number,
      position: position as bigint,
      occurredAt: occurredAt as string,
      fields: fieldChanges(model, columns, rowFrom(model, columns, before), rowFrom(model, columns, after)),
      event: eventFrom(event),
    });
  }
  return ids.map((_, i) => pageOf(changes.get(i + 1) ?? [], span, NEWEST_FIRST));
}

/** How many changes each record has on all pages. */
export async function countChanges(
  session: ReadSession,
  request: Histories,
  ids: readonly string[],
): Promise<readonly number[]> {
  session.parked.touch({ ...request, ids });
  const columns = request.columns ?? comparedColumns(request.model);
  const rows = await session.read(sql`
    select record.n::int, (select count(*)::int from (${changedVersions(session, request, columns)}) t0)
    from unnest(${ids}::uuid[]) with ordinality record(id, n)`);
  const counts = new Map(rows as readonly (readonly [number, number])[]);
  return ids.map((_, i) => counts.get(i + 1) ?? 0);
}

/** The versions of `record` in which one of the columns is another than in the version before (`was_…`). */
function changedVersions(
  session: ReadSession,
  { model, moment }: Histories,
  columns: readonly string[],
): RawBuilder<unknown> {
  const parts = sqlColumnsOf(model, columns);
  const before = parts.map(part => `lag(t0.${part}) over record_order as was_${part}`);
  const list = [
    't0.revision',
    't0.known_from',
    't0.valid_from',
    ...parts.map(part => `t0.${part}`),
    ...before,
  ];
  const conditions = [
    sql`t0.workspace_id = ${session.workspaceId}`,
    sql`t0.id = record.id`,
    ...beganBy('t0', seen(moment)),
  ];
  return sql`
    select * from (
      select ${sql.raw(list.join(', '))} from ${sql.raw(historyOf(model))} t0
      where ${sql.join(conditions, sql` and `)} window record_order as (order by t0.revision)
    ) v where ${sql.raw(anyDiffers(model, columns, 'v.was_', 'v.'))}`;
}

function eventFrom(values: readonly unknown[]): ChangeEvent | null {
  const [type, recordedAt, actorType, actorId, commandId, correlationId, causationId] = values as readonly (
    | string
    | null
  )[]; // texts and an instant, by `EVENT`
  if (!type || !recordedAt || !actorType || !actorId || !commandId || !correlationId || !causationId)
    return null;
  return { type, recordedAt, actorType, actorId, commandId, correlationId, causationId };
}
