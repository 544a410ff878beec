/** A page of a list for each of many parents, in one statement: the open opportunities of all accounts on a screen. */
import { type RawBuilder, sql } from 'kysely';
import type { ReadModel } from '../readModel.ts';
import { conditionsOf, fetchLists, limitOf } from './fetch.ts';
import { columnOf } from './models.ts';
import { relationAt, rowsAt, truthAt } from './moment.ts';
import { snake } from './names.ts';
import { orderSql } from './order.ts';
import {
  type ListRequest,
  listConditions,
  type Page,
  pageConditions,
  pageOf,
  spanOf,
  withOrder,
} from './page.ts';
import { planOf, type Row } from './plan.ts';
import type { ReadSession } from './session.ts';

export type ChildList = Omit<ListRequest, 'alone'> & {
  /** The condition that `t0` belongs to the parent with this id. */
  readonly belongsTo: BelongsTo;
};

export type BelongsTo = (parentId: RawBuilder<unknown>) => RawBuilder<unknown>;

/** Rows whose column, a `ref` or `refs`, holds the parent's id. */
export const pointingTo =
  (model: ReadModel, column: string): BelongsTo =>
  parentId => {
    const target = sql.raw(`t0.${snake(column)}`);
    return columnOf(model, column)?.kind === 'refs'
      ? sql`${target} @> array[${parentId}]`
      : sql`${target} = ${parentId}`;
  };

/** The pages in the order of the parents. */
export async function fetchPagesBy(
  session: ReadSession,
  request: ChildList,
  parents: readonly string[],
): Promise<readonly Page[]> {
  const { moment, order } = request;
  const span = spanOf(request.page, order);
  const selection = withOrder(request.selection, order);
  const plan = planOf(selection);
  const where = conditionsOf(session, { model: selection.model, moment }, [
    ...pageConditions(request, span),
    request.belongsTo(sql`parent.id`),
  ]);
  const by = orderSql(span.walked);
  const values = await session.read(sql`
    select parent.n::int, ${plan.list} from unnest(${parents}::uuid[]) with ordinality parent(id, n)
    cross join lateral (
      select t0.* from ${rowsAt(plan.model, moment)} t0 where ${where} order by ${by} limit ${limitOf(span.size + 1)}
    ) t0${plan.joins(moment)} order by parent.n, ${by}`);
  const rows = new Map<number, Row[]>(parents.map((_, i) => [i + 1, []]));
  const all = values.map(([n, ...rest]) => {
    const row = plan.rowOf(rest, moment);
    rows.get(n as number)?.push(row);
    return row;
  });
  await fetchLists(session, plan, all, moment);
  return parents.map((_, i) => pageOf(rows.get(i + 1) ?? [], span, order));
}

/** How many rows each parent has on all pages, in the order of the parents. */
export async function countRowsBy(
  session: ReadSession,
  request: Omit<ChildList, 'page' | 'order'>,
  parents: readonly string[],
): Promise<readonly number[]> {
  const { selection, moment } = request;
  const truth = truthAt(selection.model, 't0', moment);
  const where = conditionsOf(session, { model: selection.model, moment }, [
    ...(truth ? [truth] : []),
    ...listConditions(request),
    request.belongsTo(sql`parent.id`),
  ]);
  const rows = await session.read(sql`
    select parent.n::int, count(*)::int from unnest(${parents}::uuid[]) with ordinality parent(id, n)
    join ${sql.raw(relationAt(selection.model, moment))} t0 on ${where} group by 1`);
  const counts = new Map(rows as readonly (readonly [number, number])[]);
  return parents.map((_, i) => counts.get(i + 1) ?? 0);
}
