/**
 * Pages of all records as of a past day, by age: when a record was made never changes. So today's records are walked by
 * the index that today's list uses, and where one has changed since, it is looked up as it was. No index over the history
 * keeps that order.
 */
import { type RawBuilder, sql } from 'kysely';
import type { ReadModel } from '../readModel.ts';
import type { Cursor } from './cursor.ts';
import type { Source } from './fetch.ts';
import { beganBy, type Moment, truthAt, unseen } from './moment.ts';
import { columnsOf, listOf, supersededOf, viewOf } from './names.ts';
import { beyond, type Order, orderSql } from './order.ts';

export type Walk = Source & { readonly where: readonly RawBuilder<unknown>[] };

/** Nothing where the order is another one, or no day bounds the walk. */
export function walkByAge(
  model: ReadModel,
  moment: Moment,
  order: Order,
  after: Cursor | undefined,
): Walk | undefined {
  const bounds = unseen(moment);
  const truth = truthAt(model, 'past', moment);
  if (!bounds.asOf || !truth || !model.of || !model.history) return undefined;
  if (order.length !== 2 || order[0]?.column !== 'createdAt') return undefined;
  const isLast = sql`(${sql.join(beganBy('record', bounds), sql` and `)})`;
  const columns = (alias: string) => sql.raw(listOf(columnsOf(model), `${alias}.`));
  return {
    from: sql`${sql.raw(viewOf(model))} record cross join lateral (
      select ${columns('record')} where ${isLast}
      union all
      select ${columns('past')} from ${sql.raw(supersededOf(model))} past
      where not ${isLast} and past.workspace_id = record.workspace_id and past.id = record.id and ${truth}
    ) t0`,
    where: [
      sql`record.workspace_id = t0.workspace_id`,
      sql`record.created_at <= ${bounds.asOf}`, // it is made before, or when, its versions begin
      ...(after ? [beyond(order, after, 'record')] : []),
    ],
    orderBy: orderSql(order, 'record'),
  };
}
