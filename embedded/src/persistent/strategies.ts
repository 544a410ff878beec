/**
 * Which consumer of a group gets the next event: the strategies by which one follows the other. Pure.
 * Source: https://docs.kurrent.io/server/v23.10/persistent-subscriptions#consumer-strategies
 */
import { crc32 } from 'node:zlib';

/** Who takes events: at most `bufferSize` at a time that it hasn't answered. */
export type Consumer = { readonly bufferSize: number; inFlight: number };

export const hasRoom = (consumer: Consumer): boolean => consumer.inFlight < consumer.bufferSize;

/** `later`: the event has to wait for one consumer, others may go on. `full`: nobody has room for any event. */
export type Choice<C> = C | 'later' | 'full';

export type Strategy<C extends Consumer> = {
  join(consumer: C): void;
  leave(consumer: C): void;
  /** The caller gives the event to the consumer that it is told. Events of one key belong together. */
  choose(key: string): Choice<C>;
};

/** By the names that clients give. */
export const STRATEGIES: ReadonlyMap<string, <C extends Consumer>() => Strategy<C>> = new Map([
  ['RoundRobin', <C extends Consumer>() => createQueue<C>(1)],
  ['DispatchToSingle', <C extends Consumer>() => createQueue<C>(0)],
  ['Pinned', <C extends Consumer>() => createPinned<C>()],
]);

/** The first in the queue who has room; it and those passed over go to the back, or (`step` 0) only the latter. */
function createQueue<C extends Consumer>(step: 0 | 1): Strategy<C> {
  let queue: readonly C[] = [];
  return {
    join(consumer) {
      queue = [...queue, consumer];
    },
    leave(consumer) {
      queue = queue.filter(other => other !== consumer);
    },
    choose() {
      const at = queue.findIndex(hasRoom);
      const chosen = queue[at];
      if (!chosen) return 'full';
      const turn = at + step;
      if (turn > 0) queue = [...queue.slice(turn), ...queue.slice(0, turn)];
      return chosen;
    },
  };
}

/**
 * The events of one key stay at one consumer: that whose number weighs most for the key. So who joins takes its share
 * from all others alike, the keys of who leaves go to all others alike, and no other key moves.
 */
function createPinned<C extends Consumer>(): Strategy<C> {
  const numbers = new Map<C, number>();
  let joined = 0;
  return {
    join: consumer => void numbers.set(consumer, ++joined),
    leave: consumer => void numbers.delete(consumer),
    choose(key) {
      const hash = crc32(key);
      let chosen: C | undefined;
      let most = -1;
      let anyRoom = false;
      for (const [consumer, number] of numbers) {
        anyRoom ||= hasRoom(consumer);
        const weight = mix(hash ^ mix(number));
        if (weight <= most) continue;
        chosen = consumer;
        most = weight;
      }
      if (!chosen || !anyRoom) return 'full';
      return hasRoom(chosen) ? chosen : 'later';
    },
  };
}

/** Spreads numbers that are alike over all 32 bits. */
function mix(number: number): number {
  const high = Math.imul(number ^ (number >>> 16), 0x9e3779b1);
  return Math.imul(high ^ (high >>> 15), 0x85ebca77) >>> 0;
}
