/** The arguments that say which moment is meant, and the moment that they mean. */
import { sql } from 'kysely';
import { knownAtPosition } from '../../projections/engine/logClock.ts';
import { type Moment, present } from '../../projections/query/moment.ts';
import { invalid } from '../../projections/query/refusal.ts';
import { instantFrom, isDay, positionOf } from '../../projections/query/values.ts';
import type { Builder } from './builder.ts';
import type { Context, Reads } from './context.ts';

export type MomentArgs = {
  readonly asOf?: unknown;
  readonly knownAt?: unknown;
  readonly knownAtPosition?: unknown;
};

export const momentArgs = (builder: Builder) =>
  builder.args(t => ({
    asOf: t.field({ type: 'Moment', description: 'As it was at this moment. Inclusive.' }),
    knownAt: t.field({
      type: 'Moment',
      description: 'As it was known at this moment; alone it means `asOf` the same moment. Inclusive.',
    }),
    knownAtPosition: t.field({
      type: 'Position',
      description: 'As it was known at this place in the log. Inclusive.',
    }),
  }));

const isGiven = (value: unknown) => value !== undefined && value !== null;

/** Equal arguments give the same object throughout one operation. @throws QueryRefusal where one is no moment. */
export function momentIn({ reads }: Context, args: MomentArgs): Moment | Promise<Moment> {
  const { asOf, knownAt, knownAtPosition } = args;
  if (!isGiven(asOf) && !isGiven(knownAt) && !isGiven(knownAtPosition)) return present;
  const key = JSON.stringify([asOf, knownAt, knownAtPosition]);
  const moment = reads.moments.get(key) ?? momentOf(reads, args);
  reads.moments.set(key, moment);
  return moment;
}

function momentOf(reads: Reads, { asOf, knownAt, knownAtPosition }: MomentArgs): Moment | Promise<Moment> {
  const instant = isGiven(asOf) ? instantOf(asOf, 'asOf') : undefined;
  if (isGiven(knownAtPosition)) {
    if (isGiven(knownAt)) throw invalid('knownAt', 'say knownAt or knownAtPosition, not both');
    return { ...(instant && { asOf: instant }), knownAt: positionFrom(knownAtPosition, 'knownAtPosition') };
  }
  if (!isGiven(knownAt)) return { ...(instant && { asOf: instant }) };
  const known = instantOf(knownAt, 'knownAt');
  return knownPositionAt(reads, known).then(position => ({ asOf: instant ?? known, knownAt: position }));
}

/** The instant that a text means; a day means its last moment in UTC. */
function instantOf(value: unknown, path: string): string {
  if (isDay(value)) return `${value}T23:59:59.999Z`;
  const instant = instantFrom(value);
  if (instant !== undefined) return instant;
  throw invalid(path, 'must be an instant such as 2017-03-31T12:00:00Z or a day such as 2017-03-31');
}

export function positionFrom(value: unknown, path: string): bigint {
  const position = positionOf(value);
  if (position === undefined) throw invalid(path, "must be a position, such as a command's answer gives");
  return position;
}

/** The engine's expression, with a place for the instant. */
const [before = '', after = ''] = knownAtPosition('@instant').split('@instant');

async function knownPositionAt({ session }: Reads, instant: string): Promise<bigint> {
  const [row] = await session.read(sql`select (${sql.raw(before)}${instant}${sql.raw(after)})::bigint`);
  return row?.[0] as bigint; // the expression always has a value
}
