/** Pages of a list by keyset: each continues after the values of the last row seen, however rows come and go. */
import { type RawBuilder, sql } from 'kysely';
import { walkByAge } from './byAge.ts';
import { type Cursor, decodeCursor, encodeCursor } from './cursor.ts';
import { conditionsOf, fetchRows } from './fetch.ts';
import { type Filter, filterOf } from './filter.ts';
import { type Moment, rowsAt } from './moment.ts';
import { beyond, type Order, orderSql, orderValue, reversed } from './order.ts';
import type { Row } from './plan.ts';
import { invalid } from './refusal.ts';
import { type Selection, withColumns } from './selection.ts';
import type { ReadSession } from './session.ts';

export const MAX_PAGE = 500;
export const DEFAULT_PAGE = 50;

export type PageRequest = {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
};

export type ListRequest = {
  readonly selection: Selection;
  readonly moment: Moment;
  readonly filter?: Filter | undefined;
  /** Conditions on `t0` besides the filter. */
  readonly where?: readonly RawBuilder<unknown>[];
  /** Ends in `id`. */
  readonly order: Order;
  readonly page: PageRequest;
  /** The operation reads nothing else. */
  readonly alone?: boolean;
};

export type Page = {
  readonly rows: readonly Row[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** Made only when asked for: most readers want none, or one. */
  readonly cursorOf: (row: Row) => string;
};

export async function fetchPage(session: ReadSession, request: ListRequest): Promise<Page> {
  const span = spanOf(request.page, request.order);
  const { moment, selection } = request;
  const conditions = listConditions(request);
  // What is filtered may be found by other indexes, or in few records of many: Postgres shall choose.
  const walk =
    conditions.length === 0 ? walkByAge(selection.model, moment, span.walked, span.from) : undefined;
  const rows = await fetchRows(session, {
    selection: withOrder(selection, request.order),
    moment,
    where: walk?.where ?? pageConditions(request, span),
    source: walk,
    orderBy: orderSql(span.walked),
    limit: span.size + 1,
    ...(request.alone && { alone: true }),
  });
  return pageOf(rows, span, request.order);
}

/** How many rows there are on all pages. */
export async function countRows(
  session: ReadSession,
  request: Pick<ListRequest, 'selection' | 'moment' | 'filter' | 'where'>,
): Promise<number> {
  const { selection, moment } = request;
  const where = conditionsOf(session, { model: selection.model, moment }, listConditions(request));
  const from = rowsAt(selection.model, moment);
  const [row] = await session.read(sql`select count(*)::int from ${from} t0 where ${where}`);
  return row?.[0] as number; // count answers one row, always
}

/** Which rows, in which direction. */
export type Span = {
  readonly size: number;
  readonly backwards: boolean;
  readonly from: Cursor | undefined;
  /** The order in which rows are read: the list's, or its reverse. */
  readonly walked: Order;
};

/** @throws QueryRefusal when the arguments contradict each other, or are out of bounds. */
export function spanOf(page: PageRequest, order: Order): Span {
  const [first, last] = [page.first ?? undefined, page.last ?? undefined];
  const [after, before] = [page.after ?? undefined, page.before ?? undefined];
  const backwards = last !== undefined || (before !== undefined && first === undefined);
  if (first !== undefined && last !== undefined) throw invalid('last', 'say first or last, not both');
  if (after !== undefined && before !== undefined) throw invalid('before', 'say after or before, not both');
  if (backwards && after !== undefined) throw invalid('after', 'goes with first; with last use before');
  if (!backwards && before !== undefined) throw invalid('before', 'goes with last; with first use after');
  const size = (backwards ? last : first) ?? DEFAULT_PAGE;
  if (!Number.isInteger(size) || size < 0 || size > MAX_PAGE)
    throw invalid(backwards ? 'last' : 'first', `must be from 0 to ${MAX_PAGE}`);
  const cursor = backwards ? before : after;
  return {
    size,
    backwards,
    from: cursor === undefined ? undefined : decodeCursor(order, cursor, backwards ? 'before' : 'after'),
    walked: backwards ? reversed(order) : order,
  };
}

/** The page out of its rows and, where there is one, the row beyond them. */
export function pageOf(rows: readonly Row[], { size, backwards, from }: Span, order: Order): Page {
  const more = rows.length > size;
  const shown = more ? rows.slice(0, size) : rows;
  return {
    rows: backwards ? [...shown].reverse() : shown,
    hasNextPage: backwards ? from !== undefined : more,
    hasPreviousPage: backwards ? more : from !== undefined,
    cursorOf: row =>
      encodeCursor(
        order,
        order.map(key => orderValue(row, key)),
      ),
  };
}

export const pageConditions = (
  request: ListRequest,
  { walked, from }: Span,
): readonly RawBuilder<unknown>[] => [...listConditions(request), ...(from ? [beyond(walked, from)] : [])];

export function listConditions({
  selection,
  filter,
  where = [],
}: Pick<ListRequest, 'selection' | 'filter' | 'where'>): readonly RawBuilder<unknown>[] {
  const filtered = filter && filterOf(selection.model, filter);
  return filtered ? [...where, filtered] : where;
}

const ordered = new WeakMap<Selection, Map<string, Selection>>();

/** With the columns that cursors are made of; the same object again each time, so that its plan is made once. */
export function withOrder(selection: Selection, order: Order): Selection {
  const needed = order.map(key => key.column).filter(name => name !== 'id' && !selection.columns.has(name));
  if (needed.length === 0) return selection;
  const known = ordered.get(selection) ?? new Map<string, Selection>();
  ordered.set(selection, known);
  const key = needed.join();
  const extended = known.get(key) ?? withColumns(selection, needed);
  known.set(key, extended);
  return extended;
}
