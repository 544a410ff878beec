/**
 * The queue between a subscription, which pushes, and a projector, which takes what has arrived. It reads ahead while
 * Postgres works, and holds the subscription back when it is full.
 */
import type { Feed, LogEvent } from './source.ts';

/** Batches: two to be taken at once, and two that arrive meanwhile. */
const HIGH_WATER = 4_000;
const LOW_WATER = 2_000;

export type Producer = {
  readonly pause: () => void;
  readonly resume: () => void;
  readonly close: () => void;
};

export type FeedQueue<E = LogEvent> = {
  readonly feed: Feed<E>;
  readonly push: (event: E) => void;
  /** No more will come; what has arrived is still handed out. */
  readonly end: () => void;
  /** As `end`, and the take after the last event rejects. */
  readonly fail: (error: unknown) => void;
};

export function feedQueue<E = LogEvent>(producer: Producer): FeedQueue<E> {
  let events: E[] = [];
  let paused = false;
  let over: { readonly error?: unknown } | undefined;
  let wake: (() => void) | undefined;

  const finish = (how: { readonly error?: unknown }) => {
    over ??= how;
    wake?.();
  };
  const take = async (max: number): Promise<readonly E[]> => {
    if (events.length === 0 && !over) {
      await new Promise<void>(resolve => {
        wake = resolve;
      });
      wake = undefined;
    }
    if (events.length === 0) {
      if (over && 'error' in over) throw over.error;
      return [];
    }
    return cut(max);
  };
  const cut = (max: number): readonly E[] => {
    const batch = events.length <= max ? events : events.slice(0, max);
    events = events.length <= max ? [] : events.slice(max);
    if (paused && events.length < LOW_WATER && !over) {
      paused = false;
      producer.resume();
    }
    return batch;
  };

  return {
    feed: {
      take,
      whole: max => (events.length >= max ? cut(max) : []),
      close: () => {
        events = [];
        finish({});
        producer.close();
      },
    },
    push: event => {
      if (over) return;
      events.push(event);
      if (events.length >= HIGH_WATER && !paused) {
        paused = true;
        producer.pause();
      }
      wake?.();
    },
    end: () => finish({}),
    fail: error => finish({ error }),
  };
}
