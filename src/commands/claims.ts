/** What one command does with the values that nobody else may hold: each that its events bring in, or take out. */
import type { Unique } from '../domain/kernel/aggregate.ts';
import { type Rejection, reject } from '../domain/kernel/rejection.ts';
import type { SealedEvent } from '../eventstore/codec.ts';
import { idFrom } from '../eventstore/hash.ts';
import type { Dispatch } from './dispatch.ts';
import { commandError } from './errors.ts';
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
  /** For a repeat: the first time may have ended between the append and the hold. Only a fresh state tells what is shown. */
  readonly confirm: (view: View, state: StreamState) => Promise<Rejection | 'look again' | undefined>;
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

  /** Holds values that the record shows; gives up those that another has taken over in the meantime. */
  async function hold(values: readonly Value[]): Promise<Rejection | undefined> {
    let lost: Rejection | undefined;
    for (const value of values) {
      if ((await reservations.hold(wish, value)) === 'held') continue;
      await giveUp(value);
      lost ??= taken(value.unique);
    }
    return lost;
  }

  /** Its commandId tells a repeat that this command has lost a value. */
  async function giveUp({ id, unique, value }: Value): Promise<void> {
    const { command, input } = unique.giveUp(value);
    const commandId = givenUpBy(wish, unique) + id;
    const request = { name: command, id: wish.id, input, commandId, causationId: wish.commandId };
    const answer = await inTurn(request, { ...wish.context, actor: RESERVER });
    if (!answer.ok) throw commandError('UNAVAILABLE', answer.error.message);
  }

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
        const refused = await reservations.claim(wish, value);
        if (refused) return refused;
        claimed = [...claimed, value];
      }
      return undefined;
    },

    settle: async () => {
      const values = claimed;
      claimed = [];
      const lost = await hold(values);
      await free(gone);
      return lost;
    },

    confirm: async (view, state) => {
      const uniques = Object.values(aggregate.unique);
      if (uniques.length === 0) return undefined;
      if (view.restsOnCache()) return 'look again';
      const lost = await hold(reservations.valuesOf(wish, aggregate, state.folded));
      if (lost) return lost;
      const commandIds = [...state.answers.keys()];
      const before = uniques.find(unique => commandIds.some(id => id.startsWith(givenUpBy(wish, unique))));
      return before && taken(before);
    },

    keep: () => {
      claimed = [];
    },

    drop: () => free(claimed),
  };
}

const without = (values: readonly Value[], others: readonly Value[]): Value[] =>
  values.filter(({ id }) => !others.some(other => other.id === id));

const taken = ({ code, message, path }: Unique<unknown>) => reject(code, message, path);

const givenUpBy = ({ commandId }: Wish, { code }: Unique<unknown>) =>
  `${idFrom('given up', commandId, code)}.`;

const byId = (a: Value, b: Value) => (a.id < b.id ? -1 : 1);
