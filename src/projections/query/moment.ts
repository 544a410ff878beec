/** The moment that a query is about, and the rows that were true then. */
import { type RawBuilder, sql } from 'kysely';
import type { Instant } from '../../domain/kernel/values.ts';
import type { Position } from '../../eventstore/envelope.ts';
import type { ReadModel } from '../readModel.ts';
import { columnsOf, historyOf, listOf, supersededOf, viewOf } from './names.ts';

/** Without bounds it is now. Both bounds are inclusive. */
export type Moment = {
  /** As it was at this instant in the business. */
  readonly asOf?: Instant;
  /** As it was known once the log had reached this position. */
  readonly knownAt?: Position;
};

export const present: Moment = {};

export const isPresent = (moment: Moment): boolean =>
  moment.asOf === undefined && moment.knownAt === undefined;

/** The view with every version, to look up rows in by a key. They still need `truthAt`. */
export const relationAt = (model: ReadModel, moment: Moment): string =>
  isPresent(moment) || !model.history ? viewOf(model) : historyOf(model);

/**
 * The condition by which exactly one version of each row answers. Without `knownAt` the log's end is meant, by which
 * every version but the current one has been superseded; without `asOf` it is the last known version that counts.
 * Rows without history are there since they were known.
 */
export function truthAt(model: ReadModel, alias: string, moment: Moment): RawBuilder<unknown> | undefined {
  const { asOf, knownAt } = moment;
  const bounds = beganBy(alias, moment);
  if (model.history) {
    if (asOf !== undefined && knownAt !== undefined)
      bounds.push(
        sql`not (${column(alias, 'valid_to')} <= ${asOf}::timestamptz and ${column(alias, 'known_to')} <= ${knownAt}::bigint)`,
      );
    else if (asOf !== undefined) bounds.push(sql`${column(alias, 'valid_to')} > ${asOf}::timestamptz`);
    else if (knownAt !== undefined) bounds.push(sql`${column(alias, 'known_to')} > ${knownAt}::bigint`);
  }
  return bounds.length === 0 ? undefined : sql.join(bounds, sql` and `);
}

/** Versions that had begun, in both clocks. */
export function beganBy(alias: string, { asOf, knownAt }: Moment): RawBuilder<unknown>[] {
  const bounds: RawBuilder<unknown>[] = [];
  if (asOf !== undefined) bounds.push(sql`${column(alias, 'valid_from')} <= ${asOf}::timestamptz`);
  if (knownAt !== undefined) bounds.push(sql`${column(alias, 'known_from')} <= ${knownAt}::bigint`);
  return bounds;
}

/** Some of the rows that were true at a moment: of one view those, as `t0`, for which the conditions hold. */
export type Part = { readonly view: string; readonly truth: readonly RawBuilder<unknown>[] };

/**
 * The rows of a moment in parts that have none in common, each found by one index: the last versions, and superseded
 * ones that had not ended by one clock, or by the other.
 */
export function partsAt(model: ReadModel, moment: Moment): readonly Part[] {
  const { asOf, knownAt } = moment;
  const began = beganBy('t0', moment);
  const last: Part = { view: viewOf(model), truth: began };
  if (isPresent(moment) || !model.history) return [last];
  const superseded = (...ends: readonly RawBuilder<unknown>[]): Part => ({
    view: supersededOf(model),
    truth: [...began, ...ends],
  });
  if (asOf === undefined) return [last, superseded(sql`t0.known_to > ${knownAt}::bigint`)];
  const stillTrue = superseded(sql`t0.valid_to > ${asOf}::timestamptz`);
  if (knownAt === undefined) return [last, stillTrue];
  const notYetKnown = superseded(
    sql`t0.valid_to <= ${asOf}::timestamptz`,
    sql`t0.known_to > ${knownAt}::bigint`,
  );
  return [last, stillTrue, notYetKnown];
}

/** The rows of a moment as one relation, to read many of them. (Others can't be joined to it by an index.) */
export function rowsAt(model: ReadModel, moment: Moment): RawBuilder<unknown> {
  if (isPresent(moment)) return sql.raw(viewOf(model));
  const list = sql.raw(listOf(columnsOf(model), 't0.'));
  const parts = partsAt(model, moment).map(
    ({ view, truth }) => sql`select ${list} from ${sql.raw(view)} t0 where ${sql.join(truth, sql` and `)}`,
  );
  return sql`(${sql.join(parts, sql` union all `)})`;
}

const column = (alias: string, name: string) => sql.raw(`${alias}.${name}`);
