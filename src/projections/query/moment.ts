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
  const { asOf, knownAt } = unseen(moment);
  const [validTo, knownTo] = [column(alias, 'valid_to'), column(alias, 'known_to')];
  const bounds = beganBy(alias, { asOf, knownAt });
  if (model.history) {
    if (asOf && knownAt) bounds.push(sql`not (${validTo} <= ${asOf} and ${knownTo} <= ${knownAt})`);
    else if (asOf) bounds.push(sql`${validTo} > ${asOf}`);
    else if (knownAt) bounds.push(sql`${knownTo} > ${knownAt}`);
  }
  return bounds.length === 0 ? undefined : sql.join(bounds, sql` and `);
}

/** A moment in SQL. */
type Bounds = {
  readonly asOf: RawBuilder<unknown> | undefined;
  readonly knownAt: RawBuilder<unknown> | undefined;
};

/** Postgres plans for these very values: which index is best for many rows depends on them. */
export const seen = ({ asOf, knownAt }: Moment): Bounds => ({
  asOf: asOf === undefined ? undefined : sql`${asOf}::timestamptz`,
  knownAt: knownAt === undefined ? undefined : sql`${knownAt}::bigint`,
});

/** Postgres plans for any values, once: rows that are looked up by a key are found in the same way at every moment. */
export const unseen = ({ asOf, knownAt }: Moment): Bounds => ({
  asOf: asOf === undefined ? undefined : sql`(select ${asOf}::timestamptz)`,
  knownAt: knownAt === undefined ? undefined : sql`(select ${knownAt}::bigint)`,
});

/** Versions that had begun, in both clocks. */
export function beganBy(alias: string, { asOf, knownAt }: Bounds): RawBuilder<unknown>[] {
  const bounds: RawBuilder<unknown>[] = [];
  if (asOf) bounds.push(sql`${column(alias, 'valid_from')} <= ${asOf}`);
  if (knownAt) bounds.push(sql`${column(alias, 'known_from')} <= ${knownAt}`);
  return bounds;
}

/** Some of the rows that were true at a moment: of one view those, as `t0`, for which the conditions hold. */
export type Part = { readonly view: string; readonly truth: readonly RawBuilder<unknown>[] };

/**
 * The rows of a moment in parts that have none in common, each found by one index: the last versions, and superseded
 * ones that had not ended by one clock, or by the other.
 */
export function partsAt(model: ReadModel, moment: Moment): readonly Part[] {
  const { asOf, knownAt } = seen(moment);
  const began = beganBy('t0', { asOf, knownAt });
  const last: Part = { view: viewOf(model), truth: began };
  if (isPresent(moment) || !model.history) return [last];
  const superseded = (...ends: readonly RawBuilder<unknown>[]): Part => ({
    view: supersededOf(model),
    truth: [...began, ...ends],
  });
  if (!asOf) return [last, superseded(sql`t0.known_to > ${knownAt}`)];
  const stillTrue = superseded(sql`t0.valid_to > ${asOf}`);
  if (!knownAt) return [last, stillTrue];
  const notYetKnown = superseded(sql`t0.valid_to <= ${asOf}`, sql`t0.known_to > ${knownAt}`);
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
