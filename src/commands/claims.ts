/** What one command does with the values that nobody else may hold: each that its events bring in, or take out. */
import { type Rejection, reject } from '../domain/kernel/rejection.ts';
import type { SealedEvent } from '../eventstore/codec.ts';
import type { Dispatch } from './dispatch.ts';
import { RESERVER, type Reservations, type Value } from './reservations.ts';
import type { StreamState } from './streamState.ts';
import type { View } from './view.ts';
import type { Wish } from './wish.ts';

export type Claims = {
  /** Before the append: claims what the events bring in, or says who has it. Only a fresh decision may claim. */
  readonly take: (
    view: View,
    state: StreamState,
    events: readonly SealedEvent[],
  ) => Promise<Rejection | 'look again' | undefined>;
  /** After the append: holds what was claimed, frees what the record no longer has. */
  readonly settle: () => Promise<Rejection | undefined>;
  /** After an append that may have landed: claims stay, until whoever meets them reads our stream. */
  readonly keep: () => void;
  /** After anything else: frees what was claimed. */
  readonly drop: () => Promise<void>;
};

/** @param inTurn dispatch for a stream whose turn it already is. */
export function beginClaims(wish: Wish, reservations: Reservations, inTurn: Dispatch): Claims {
  const { aggregate } = wish.command;
  let claimed: readonly Value[] = [];
  let gone: readonly Value[] = [];

  async function free(values: readonly Value[]): Promise<void> {
    for (const value of values) await reservations.free(wish, value);
  }

  return {
    take: async (view, state, events) => {
      if (Object.keys(aggregate.unique).length === 0) return undefined;
      const folded = events.reduce((so, { event }) => aggregate.evolve(so, event), state.folded);
      const before = reservations.valuesOf(wish, aggregate, state.folded);
      const after = reservations.valuesOf(wish, aggregate, folded);
      const gained = without(after, before).sort(byId); // in one order, so that two never wait for each other
      if (gained.length > 0 && view.restsOnCache()) return 'look again';
      gone = without(before, after);
      const unwanted = without(claimed, gained); // an earlier attempt decided otherwise
      claimed = without(claimed, unwanted);
      await free(unwanted);
      for (const value of without(gained, claimed)) {
        const taken = await reservations.claim(wish, value);
        if (taken) return taken;
        claimed = [...claimed, value];
      }
      return undefined;
    },

    settle: async () => {
      const values = claimed;
      claimed = [];
      let lost: Rejection | undefined;
      for (const value of values) {
        if ((await reservations.hold(wish, value)) === 'held') continue;
        const { command, input } = value.unique.giveUp(value.value);
        const request = { name: command, id: wish.id, input, causationId: wish.commandId };
        await inTurn(request, { ...wish.context, actor: RESERVER });
        lost ??= reject(value.unique.code, value.unique.message, value.unique.path);
      }
      await free(gone);
      return lost;
    },

    keep: () => {
      claimed = [];
    },

    drop: () => free(claimed),
  };
}

const without = (values: readonly Value[], others: readonly Value[]): Value[] =>
  values.filter(({ id }) => !others.some(other => other.id === id));

const byId = (a: Value, b: Value) => (a.id < b.id ? -1 : 1);
