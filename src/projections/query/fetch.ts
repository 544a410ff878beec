/** Reading rows by a plan, with the lists of records that hang on them. */
import { type RawBuilder, sql } from 'kysely';
import { type Moment, relationAt, rowsAt, truthAt } from './moment.ts';
import type { Touch } from './parked.ts';
import { type ListPart, type Plan, planOf, type Row } from './plan.ts';
import { isParked } from './refusal.ts';
import type { Selection } from './selection.ts';
import type { ReadSession } from './session.ts';

export type Wanted = {
  readonly selection: Selection;
  readonly moment: Moment;
  /** On `t0`; the workspace and the moment are seen to. */
  readonly where: readonly RawBuilder<unknown>[];
  /** On `t0`. Without one the order is open. */
  readonly orderBy?: RawBuilder<unknown>;
  readonly limit?: number;
  /** Where the rows are found as `t0`, and in which order; among all rows of the moment by default. */
  readonly source?: Source | undefined;
  /** The only rows that it may find, where they are known. */
  readonly ids?: readonly string[];
  /** The operation reads nothing else, so that it may do without a transaction. */
  readonly alone?: boolean;
};

export async function fetchRows(session: ReadSession, wanted: Wanted): Promise<readonly Row[]> {
  const plan = planOf(wanted.selection);
  const statement = statementFor(session, plan, wanted);
  const read = wanted.alone && plan.lists.length === 0 ? session.readOnly : session.read;
  const rows = (await read(statement)).map(values => plan.rowOf(values, wanted.moment));
  await fetchLists(session, plan, rows, wanted.moment);
  return rows;
}

export type Source = { readonly from: RawBuilder<unknown>; readonly orderBy?: RawBuilder<unknown> };

/** Puts the lists of records that the plan asks for into rows that have just been read. */
export async function fetchLists(
  session: ReadSession,
  plan: Plan,
  rows: readonly Row[],
  moment: Moment,
): Promise<void> {
  if (session.parked.any()) touchRecords(session, plan.selection, rows, moment);
  if (plan.lists.length > 0)
    await Promise.all(plan.lists.map(part => fetchList(session, rows, part, moment)));
}

/** The rows with these ids, in no order; those that aren't there (at that moment) are left out. */
export const fetchByIds = (
  session: ReadSession,
  selection: Selection,
  ids: readonly string[],
  moment: Moment,
  alone?: boolean,
): Promise<readonly Row[]> => readByIds(session, selection, ids, moment, { ids, ...(alone && { alone }) });

async function readByIds(
  session: ReadSession,
  selection: Selection,
  ids: readonly string[],
  moment: Moment,
  more: Pick<Wanted, 'ids' | 'alone'>,
): Promise<readonly Row[]> {
  if (ids.length === 0) return [];
  const truth = truthAt(selection.model, 't0', moment);
  const named = ids.length === 1 ? sql`t0.id = ${ids[0]}::uuid` : sql`t0.id = any(${ids}::uuid[])`;
  return fetchRows(session, {
    selection,
    moment,
    source: { from: sql.raw(`${relationAt(selection.model, moment)} t0`) },
    where: [named, ...(truth ? [truth] : [])],
    ...more,
  });
}

/** One record, or nothing where it isn't there. @throws QueryRefusal when its last events could not be applied. */
export async function fetchRecord(
  session: ReadSession,
  selection: Selection,
  id: string,
  moment: Moment,
  alone?: boolean,
): Promise<Row | null> {
  const [row] = await readByIds(session, selection, [id], moment, { ids: [], ...(alone && { alone }) }); // it is told by its own error
  const parked = session.parked.find(selection.model, moment, id);
  if (parked) throw isParked(selection.model.name, id, parked.position);
  return row ?? null;
}

/** Says of the records that the rows point to that they are read. */
function touchRecords(
  session: Pick<ReadSession, 'parked'>,
  selection: Selection,
  rows: readonly Row[],
  moment: Moment,
): void {
  for (const [field, { column, selection: related }] of selection.records) {
    session.parked.touch({ model: related.model, moment, ids: rows.map(row => row[column]) });
    const records = rows.flatMap(row => (row[field] as Row | null) ?? []); // as the plan puts them there
    touchRecords(session, related, records, moment);
  }
}

/** `where`, with the workspace. @param read what the rows `t0` are of. */
export function conditionsOf(
  { workspaceId, parked }: ReadSession,
  read: Touch,
  where: readonly RawBuilder<unknown>[],
): RawBuilder<unknown> {
  parked.touch(read);
  return sql.join([sql`t0.workspace_id = ${workspaceId}`, ...where], sql` and `);
}

/**
 * At least so many rows, as part of the text: a plan made for any limit expects thousands, and joins whole tables for
 * them. In steps, so that pages of every size share a few texts; callers leave what they didn't ask for.
 */
export const limitOf = (rows: number): RawBuilder<unknown> =>
  sql.lit(LIMITS.find(limit => limit >= rows) ?? rows);

const LIMITS = [2, 6, 11, 16, 21, 26, 31, 41, 51, 76, 101, 151, 201, 301, 501];

function statementFor(session: ReadSession, plan: Plan, wanted: Wanted): RawBuilder<unknown> {
  const { moment, where, orderBy, limit, source, ids } = wanted;
  const from = source?.from ?? sql`${rowsAt(plan.model, moment)} t0`;
  const conditions = conditionsOf(session, { model: plan.model, moment, ...(ids && { ids }) }, where);
  const order = orderBy ? sql` order by ${orderBy}` : sql.raw('');
  const bound = limit === undefined ? sql.raw('') : sql` limit ${limitOf(limit)}`;
  if ((!plan.hasJoins && !source?.orderBy) || limit === undefined)
    return sql`select ${plan.list} from ${from}${plan.joins(moment)} where ${conditions}${order}${bound}`;
  const first = source?.orderBy ? sql` order by ${source.orderBy}` : order;
  // The page first, so that no more than its rows are joined; then the order once more, which joins needn't keep.
  return sql`select ${plan.list} from (select t0.* from ${from} where ${conditions}${first}${bound}) t0${plan.joins(moment)}${order}`;
}

async function fetchList(
  session: ReadSession,
  rows: readonly Row[],
  part: ListPart,
  moment: Moment,
): Promise<void> {
  const holders = rows.flatMap(row => holderOf(row, part.path));
  const { column, selection } = part.related;
  const idsOf = (row: Row) => row[column] as readonly string[]; // a `refs` column
  const found = await fetchByIds(session, selection, [...new Set(holders.flatMap(idsOf))], moment);
  const byId = new Map(found.map(record => [record.id, record]));
  for (const holder of holders)
    (holder as Record<string, unknown>)[part.field] = idsOf(holder).flatMap(id => byId.get(id) ?? []);
}

function holderOf(row: Row, path: readonly string[]): Row[] {
  let holder: Row | null = row;
  for (const field of path) holder = (holder?.[field] as Row | null | undefined) ?? null;
  return holder ? [holder] : [];
}
