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

const DESCRIPTIONS = {
  asOf: 'As it was at this moment. Inclusive.',
  knownAt: 'As it was known at this moment; alone it means `asOf` the same moment. Inclusive.',
  knownAtPosition: 'As it was known at this place in the log. Inclusive.',
} as const;

export const momentArgs = (builder: Builder) =>
  builder.args(t => ({
    asOf: t.field({ type: 'Moment', description: DESCRIPTIONS.asOf }),
    knownAt: t.field({ type: 'Moment', description: DESCRIPTIONS.knownAt }),
    knownAtPosition: t.field({ type: 'Position', description: DESCRIPTIONS.knownAtPosition }),
  }));

/** Two moments that are to be compared; without `to` it is now. */
export function twoMomentArgs(builder: Builder, input: MomentInput) {
  return builder.args(t => ({
    from: t.field({ type: input, required: true }),
    to: t.field({ type: input, description: 'Now when absent.' }),
  }));
}

export type MomentInput = ReturnType<typeof defineMomentInput>;

export const defineMomentInput = (builder: Builder) =>
  builder.inputType('MomentInput', {
    description: 'What is not given is not bounded: an empty one is now.',
    fields: t => ({
      asOf: t.field({ type: 'Moment', description: DESCRIPTIONS.asOf }),
      knownAt: t.field({ type: 'Moment', description: DESCRIPTIONS.knownAt }),
      knownAtPosition: t.field({ type: 'Position', description: DESCRIPTIONS.knownAtPosition }),
    }),
  });

type TwoMoments = { readonly from: MomentArgs; readonly to?: MomentArgs | null | undefined };

export async function twoMomentsIn(context: Context, { from, to }: TwoMoments) {
  const moments = [momentIn(context, from, 'from.'), momentIn(context, to ?? {}, 'to.')] as const;
  const [before, after] = await Promise.all(moments);
  return { from: before, to: after };
}

const isGiven = (value: unknown) => value !== undefined && value !== null;

/** Equal arguments give the same object throughout one operation. @param path of the arguments, with a dot. @throws QueryRefusal where one is no moment. */
export function momentIn({ reads }: Context, args: MomentArgs, path = ''): Moment | Promise<Moment> {
  const { asOf, knownAt, knownAtPosition } = args;
  if (!isGiven(asOf) && !isGiven(knownAt) && !isGiven(knownAtPosition)) return present;
  const key = JSON.stringify([asOf, knownAt, knownAtPosition]);
  const moment = reads.moments.get(key) ?? momentOf(reads, args, path);
  reads.moments.set(key, moment);
  return moment;
}

function momentOf(
  reads: Reads,
  { asOf, knownAt, knownAtPosition }: MomentArgs,
  path: string,
): Moment | Promise<Moment> {
  const instant = isGiven(asOf) ? instantOf(asOf, `${path}asOf`) : undefined;
  if (isGiven(knownAtPosition)) {
    if (isGiven(knownAt)) throw invalid(`${path}knownAt`, 'say knownAt or knownAtPosition, not both');
    return {
      ...(instant && { asOf: instant }),
      knownAt: positionFrom(knownAtPosition, `${path}knownAtPosition`),
    };
  }
  if (!isGiven(knownAt)) return { ...(instant && { asOf: instant }) };
  const known = instantOf(knownAt, `${path}knownAt`);
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
