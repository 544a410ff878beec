/** The moment that a query is about, and the rows that were true then. */
import { type RawBuilder, sql } from 'kysely';
import type { Instant } from '../../domain/kernel/values.ts';
import type { Position } from '../../eventstore/envelope.ts';
import type { ReadModel } from '../readModel.ts';
import { historyOf, viewOf } from './names.ts';

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

/** The view to read from. Its rows still need `truthAt`. */
export const relationAt = (model: ReadModel, moment: Moment): string =>
  isPresent(moment) || !model.history ? viewOf(model) : historyOf(model);

/**
 * The condition by which exactly one version of each row answers. Without `knownAt` the log's end is meant, by which
 * every version but the current one has been superseded; without `asOf` it is the last known version that counts.
 * Rows without history are there since they were known.
 */
export function truthAt(
  model: ReadModel,
  alias: string,
  { asOf, knownAt }: Moment,
): RawBuilder<unknown> | undefined {
  const column = (name: string) => sql.raw(`${alias}.${name}`);
  const bounds: RawBuilder<unknown>[] = [];
  if (asOf !== undefined) bounds.push(sql`${column('valid_from')} <= ${asOf}::timestamptz`);
  if (knownAt !== undefined) bounds.push(sql`${column('known_from')} <= ${knownAt}::bigint`);
  if (model.history) {
    if (asOf !== undefined && knownAt !== undefined)
      bounds.push(
        sql`not (${column('valid_to')} <= ${asOf}::timestamptz and ${column('known_to')} <= ${knownAt}::bigint)`,
      );
    else if (asOf !== undefined) bounds.push(sql`${column('valid_to')} > ${asOf}::timestamptz`);
    else if (knownAt !== undefined) bounds.push(sql`${column('known_to')} > ${knownAt}::bigint`);
  }
  return bounds.length === 0 ? undefined : sql.join(bounds, sql` and `);
}
