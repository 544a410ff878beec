/**
 * Pages of records as of a past day, by age: when a record was made never changes. So today's records are walked by the
 * index that today's list uses, and each is looked up as it was. No index over the history keeps that order.
 */
import { type RawBuilder, sql } from 'kysely';
import type { ReadModel } from '../readModel.ts';
import type { Cursor } from './cursor.ts';
import { type Moment, relationAt, truthAt } from './moment.ts';
import { viewOf } from './names.ts';
import { beyond, type Order, orderSql } from './order.ts';

export type Walk = {
  /** With the rows of the moment as `t0`. */
  readonly from: RawBuilder<unknown>;
  readonly where: readonly RawBuilder<unknown>[];
  readonly orderBy: RawBuilder<unknown>;
};

/** Nothing where the order is another one, or no day bounds the walk. */
export function walkByAge(
  model: ReadModel,
  moment: Moment,
  order: Order,
  after: Cursor | undefined,
): Walk | undefined {
  const { asOf } = moment;
  const truth = truthAt(model, 't0', moment);
  if (asOf === undefined || !truth || !model.of || !model.history) return undefined;
  if (order.length !== 2 || order[0]?.column !== 'createdAt') return undefined;
  const records = sql.raw(viewOf(model));
  const versions = sql.raw(relationAt(model, moment));
  return {
    from: sql`${records} record join ${versions} t0 on t0.workspace_id = record.workspace_id and t0.id = record.id`,
    // A record is made before, or when, its versions begin.
    where: [
      sql`record.created_at <= ${asOf}::timestamptz`,
      truth,
      ...(after ? [beyond(order, after, 'record')] : []),
    ],
    orderBy: orderSql(order, 'record'),
  };
}
