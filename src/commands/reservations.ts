/**
 * One value that only one live record may hold: claimed before the record's own append, held after it, freed when gone.
 *
 * Invariant: of two live records at most one keeps a value. Fears: a process that dies between claim and append (its
 * claim is taken over once it is old and its owner's stream does not show the value), and one that wakes up after
 * being taken over (its `hold` is refused, and it gives the value up again). Nothing is freed that its owner's stream
 * shows, or that another command of the same owner has claimed since.
 */
import { type Aggregate, type Folded, parseStream, type Unique } from '../domain/kernel/aggregate.ts';
import { type Rejection, reject } from '../domain/kernel/rejection.ts';
import type { Id, Instant } from '../domain/kernel/values.ts';
import { type Reservation, reservation } from '../domain/shared/reservation.ts';
import { idFrom, uuid8 } from '../eventstore/hash.ts';
import type { Dispatch, DispatchOptions } from './dispatch.ts';
import { asCommandError, commandError } from './errors.ts';
import { backOff } from './waiting.ts';
import type { CommandRequest, Wish } from './wish.ts';

/** Far longer than a command may take: an older claim whose owner does not show the value was left behind. */
const STALE_AFTER_MS = 60_000;
const MAX_TRIES = 6;
/** Whoever sends the command needs no permission for reservations: they are ours. */
export const RESERVER = { type: 'process', id: 'reservations' } as const;

export type ReservationOptions = Pick<
  DispatchOptions,
  'catalog' | 'streams' | 'hashValue' | 'now' | 'random'
> & { readonly dispatch: Dispatch };

/** A value with the id of its reservation. */
export type Value = { readonly id: Id; readonly value: string; readonly unique: Unique<unknown> };

export type Reservations = {
  /** The values that a record shows. */
  readonly valuesOf: (wish: Wish, aggregate: Aggregate, folded: Folded<unknown>) => Value[];
  /** Says who has the value, if another record has. */
  readonly claim: (wish: Wish, value: Value) => Promise<Rejection | undefined>;
  /** For a value that our stream shows; answers whether another record has taken it over. */
  readonly hold: (wish: Wish, value: Value) => Promise<'held' | 'lost'>;
  /** Frees the value, unless our stream shows it. */
  readonly free: (wish: Wish, value: Value) => Promise<void>;
};

export function createReservations(options: ReservationOptions): Reservations {
  const { streams, hashValue, random } = options;

  const send = (
    wish: Wish,
    name: string,
    { id }: Value,
    request: Pick<CommandRequest, 'input' | 'ifRevision'>,
  ) => {
    const { context, commandId, correlationId } = wish;
    return options.dispatch(
      { name, id, correlationId, causationId: commandId, ...request },
      { ...context, actor: RESERVER },
    );
  };

  const valuesOf: Reservations['valuesOf'] = (wish, aggregate, folded) =>
    Object.entries(aggregate.unique).flatMap(([name, unique]) =>
      unique.values(folded.state, folded.record).map(value => ({
        id: uuid8(hashValue(`${wish.context.workspaceId}|${name}|${value}`)),
        value,
        unique,
      })),
    );

  async function look(wish: Wish, { id }: Value): Promise<{ seen: Reservation; revision: number }> {
    const { folded, revision } = await streams.read(
      reservation as unknown as Aggregate, // only the state's type is widened, and narrowed again
      wish.context.workspaceId,
      id,
    );
    return { seen: folded.state as Reservation, revision };
  }

  /** Whether the stream that is said to own the value shows it, read now. */
  async function shows(wish: Wish, owner: string, { id }: Value): Promise<boolean> {
    const place = parseStream(owner);
    const aggregate = place && options.catalog.aggregates.get(place.category);
    if (!aggregate) return false;
    const { folded } = await streams.read(aggregate, wish.context.workspaceId, place.id);
    return valuesOf(wish, aggregate, folded).some(value => value.id === id);
  }

  /** Takes over what `from` left behind, at the revision that was seen: an owner that has come back goes first. */
  async function takeOver(
    wish: Wish,
    value: Value,
    from: string,
    ifRevision: number,
  ): Promise<Rejection | 'ours' | 'try again'> {
    const [ours, theirs] = [wish.stream, from].map(owner => ({ owner, by: claimOf(wish) }));
    const over = await send(wish, 'claimReservation', value, { input: { ...ours, from }, ifRevision });
    if (!over.ok) return 'try again';
    // Read again after taking over: from here on a waking owner finds its hold refused.
    if (from === wish.stream || !(await shows(wish, from, value))) return 'ours';
    await send(wish, 'claimReservation', value, { input: { ...theirs, from: wish.stream } });
    await send(wish, 'holdReservation', value, { input: { owner: from } });
    return takenBy(from, value.unique);
  }

  /** One try at a claim: it succeeds, meets another record's value, or what is left behind or in flight. */
  async function tryClaim(wish: Wish, value: Value): Promise<Rejection | 'ours' | 'try again' | 'wait'> {
    const input = { owner: wish.stream, by: claimOf(wish) };
    const claimed = await send(wish, 'claimReservation', value, { input });
    if (claimed.ok) return 'ours';
    const { kind, code, message, details } = claimed.error;
    if (code !== 'RESERVED') throw commandError(kind, message, details);
    const { seen, revision } = await look(wish, value);
    if (seen.status === 'free') return 'try again';
    const { owner } = seen;
    if (await shows(wish, owner, value))
      // When it is our own stream, it has moved on since we decided: the append will find that out.
      return owner === wish.stream ? 'ours' : takenBy(owner, value.unique);
    const leftBehind = seen.status === 'held' || isOld(seen.since, options.now());
    return leftBehind ? takeOver(wish, value, owner, revision) : 'wait';
  }

  return {
    valuesOf,

    claim: async (wish, value) => {
      for (let tries = 1; tries <= MAX_TRIES; tries++) {
        const answer = await tryClaim(wish, value);
        if (answer === 'ours') return undefined;
        if (answer === 'wait') await backOff(tries + 3, random);
        else if (answer !== 'try again') return answer;
      }
      throw commandError(
        'CONFLICT',
        'another command is taking the same value right now; send this one again',
      );
    },

    hold: async (wish, value) => {
      const held = await send(wish, 'holdReservation', value, { input: { owner: wish.stream } });
      if (held.ok) return 'held';
      if (held.error.code === 'RESERVATION_LOST') return 'lost';
      // Our stream shows a value that may not be ours: the command is done only when it is known, by sending it again.
      throw commandError('UNAVAILABLE', held.error.message);
    },

    free: async (wish, value) => {
      try {
        const { seen, revision } = await look(wish, value);
        if (seen.status === 'free' || seen.owner !== wish.stream) return;
        if (seen.status === 'claimed' && seen.by !== claimOf(wish)) return;
        const input = { owner: wish.stream };
        if (await shows(wish, wish.stream, value)) await send(wish, 'holdReservation', value, { input });
        else await send(wish, 'releaseReservation', value, { input, ifRevision: revision });
      } catch (error) {
        // What stays behind is taken over by whoever needs it; the command's own answer does not depend on it.
        if (!asCommandError(error)) throw error;
      }
    },
  };
}

/** The same for a command that is sent again, so that it goes on with its own claim. */
const claimOf = ({ commandId, inputHash }: Wish): Id => idFrom(commandId, inputHash);

const isOld = (since: Instant, now: Date) => now.getTime() - Date.parse(since) > STALE_AFTER_MS;

const takenBy = (owner: string, { code, message, path }: Unique<unknown>): Rejection =>
  reject(code, message, path, { holderId: parseStream(owner)?.id });
