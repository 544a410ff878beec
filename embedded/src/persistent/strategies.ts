/**
 * Which consumer of a group gets the next event: the strategies by which one follows the other. Pure.
 * Source: https://docs.kurrent.io/server/v23.10/persistent-subscriptions#consumer-strategies
 */
import { createPinned } from './pinned.ts';

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
  /** The consumer has answered an event of this key. */
  answered(consumer: C, key: string): void;
};

/** What a key is made of; `none` where the strategy looks at no key. */
export type KeyKind = 'none' | 'stream' | 'correlation';

type Described = { readonly key: KeyKind; create<C extends Consumer>(): Strategy<C> };

/** By the names that clients give. */
export const STRATEGIES: ReadonlyMap<string, Described> = new Map<string, Described>([
  ['RoundRobin', { key: 'none', create: () => createQueue(1) }],
  ['DispatchToSingle', { key: 'none', create: () => createQueue(0) }],
  ['Pinned', { key: 'stream', create: () => createPinned() }],
  ['PinnedByCorrelation', { key: 'correlation', create: () => createPinned() }],
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
    answered: () => undefined,
  };
}
