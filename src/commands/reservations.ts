/**
 * Values that only one live record may hold, across streams: claimed before the record's own append, held after it.
 *
 * Invariant: of two live records at most one keeps a value. Fears: a process that dies between claim and append (its
 * claim is taken over once it is old and its owner's stream does not show the value), and one that wakes up after
 * being taken over (its `hold` is refused, and it gives the value up again).
 */
import type { Folded } from '../domain/kernel/aggregate.ts';
import { parseStream, type Unique } from '../domain/kernel/aggregate.ts';
import { type Rejection, reject } from '../domain/kernel/rejection.ts';
import type { Id, Instant } from '../domain/kernel/values.ts';
import type { SealedEvent } from '../eventstore/codec.ts';
import { uuid8 } from '../eventstore/hash.ts';
import type { Dispatch, DispatchOptions } from './dispatch.ts';
import { commandError } from './errors.ts';
import type { StreamState } from './streamState.ts';
import { backOff } from './waiting.ts';
import type { Wish } from './wish.ts';

/** Far longer than a command may take: an older claim whose owner does not show the value was left behind. */
const STALE_AFTER_MS = 60_000;
const MAX_TRIES = 6;
const _RESERVER = { type: 'process', id: 'reservations' } as const;

type Options = Pick<DispatchOptions, 'catalog' | 'streams' | 'hashValue' | 'now' | 'random'> & {
  readonly dispatch: Dispatch;
  /** Like `dispatch`, for a stream whose turn it already is. */
  readonly inTurn: Dispatch;
};
type Value = { readonly id: Id; readonly value: string; readonly unique: Unique<unknown> };
type Holder = { readonly owner: string; readonly status: 'claimed' | 'held'; readonly since: Instant };

export type Reservations = {
  readonly begin: (wish: Wish) => {
    /** Claims what the events add, or says who has it. */
    readonly take: (state: StreamState, events: readonly SealedEvent[]) => Promise<Rejection | undefined>;
    /** After the append: holds what was claimed, frees what the record no longer has. */
    readonly settle: () => Promise<Rejection | undefined>;
    /** After a refusal: frees what was claimed. */
    readonly drop: () => Promise<void>;
  };
};

export function createReservations(options: Options): Reservations {
  const { streams, hashValue, random } = options;

  const send = (wish: Wish, name: string, id: Id, input: object) => {
    const { context, commandId } = wish;
    return options.dispatch(
      { name, id, input, correlationId: wish.correlationId, causationId: commandId },
      context,
    );
  };

  const valuesOf = (wish: Wish, folded: Folded<unknown>): Value[] =>
    Object.entries(wish.command.aggregate.unique).flatMap(([name, unique]) =>
      unique.values(folded.state, folded.record).map(value => ({
        id: uuid8(hashValue(`${wish.context.workspaceId}|${name}|${value}`)),
        value,
        unique,
      })),
    );

  /** Whether the stream that is said to own the value shows it, read now. */
  async function shows(wish: Wish, owner: string, { id }: Value): Promise<boolean> {
    const place = parseStream(owner);
    const aggregate = place && options.catalog.aggregates.get(place.category);
    if (!aggregate) return false;
    const { folded } = await streams.read(aggregate, wish.context.workspaceId, place.id);
    return valuesOf({ ...wish, command: { ...wish.command, aggregate } }, folded).some(
      value => value.id === id,
    );
  }

  /** Claims one value; on the way it confirms or takes over what others left behind. */
  async function claim(wish: Wish, value: Value): Promise<Rejection | undefined> {
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const result = await send(wish, 'claimReservation', value.id, { owner: wish.stream });
      if (result.ok) return undefined;
      const holder = result.error.details as Holder | undefined;
      if (result.error.code !== 'RESERVED' || !holder) throw commandError('CONFLICT', result.error.message);
      if (await shows(wish, holder.owner, value)) return takenBy(holder.owner, value.unique);
      const age = options.now().getTime() - Date.parse(holder.since);
      if (holder.status === 'held' || age > STALE_AFTER_MS) {
        const over = await send(wish, 'claimReservation', value.id, {
          owner: wish.stream,
          from: holder.owner,
        });
        if (!over.ok) continue;
        // Read again after taking over: from here on a waking owner finds its hold refused.
        if (!(await shows(wish, holder.owner, value))) return undefined;
        await send(wish, 'claimReservation', value.id, { owner: holder.owner, from: wish.stream });
        return takenBy(holder.owner, value.unique);
      }
      await backOff(tries + 3, random);
    }
    throw commandError('CONFLICT', 'another command is taking the same value right now; send this one again');
  }

  return {
    begin: wish => {
      let claimed: Value[] = [];
      let freed: Value[] = [];
      const free = async (values: readonly Value[]) => {
        for (const { id } of values) await send(wish, 'releaseReservation', id, { owner: wish.stream });
      };
      return {
        take: async (state, events) => {
          const { aggregate } = wish.command;
          if (Object.keys(aggregate.unique).length === 0) return undefined;
          const folded = events.reduce((before, { event }) => aggregate.evolve(before, event), state.folded);
          const [before, after] = [valuesOf(wish, state.folded), valuesOf(wish, folded)];
          freed = without(before, after);
          await free(without(claimed, after)); // an earlier attempt may have decided otherwise
          claimed = claimed.filter(({ id }) => after.some(value => value.id === id));
          for (const value of without(after, before)) {
            if (claimed.some(other => other.id === value.id)) continue;
            const taken = await claim(wish, value);
            if (taken) return taken;
            claimed.push(value);
          }
          return undefined;
        },
        settle: async () => {
          await free(freed);
          for (const { id, value, unique } of claimed) {
            const held = await send(wish, 'holdReservation', id, { owner: wish.stream });
            if (held.ok || held.error.code !== 'RESERVATION_LOST') continue;
            const { command, input } = unique.giveUp(value);
            await options.dispatch(
              { name: command, id: wish.id, input, causationId: wish.commandId },
              wish.context,
            );
            return reject(unique.code, unique.message, unique.path);
          }
          return undefined;
        },
        drop: async () => {
          await free(claimed);
          claimed = [];
        },
      };
    },
  };
}

const without = (values: readonly Value[], others: readonly Value[]) =>
  values.filter(({ id }) => !others.some(other => other.id === id));

const takenBy = (owner: string, { code, message, path }: Unique<unknown>): Rejection =>
  reject(code, message, path, { holderId: parseStream(owner)?.id });
