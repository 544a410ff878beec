/** A log in memory that can be followed while commands write to it. */
import type { StreamClient } from '../../src/commands/streams.ts';
import { type FeedQueue, feedQueue } from '../../src/projections/engine/feed.ts';
import { comparePoints } from '../../src/projections/engine/source.ts';
import type { StoredLog, StoredLogEvent } from '../../src/proof/storedLog.ts';
import type { AroundAppend, MemoryEventStore } from './memoryEventStore.ts';
import { asLogged } from './signedLog.ts';

export type FollowedLog = {
  readonly source: StoredLog;
  /** A client whose appends are followed. */
  readonly connect: (append?: AroundAppend) => StreamClient;
  /** After something was written by another way. */
  readonly pump: () => void;
  readonly subscriptions: () => number;
};

export function followedLog(store: MemoryEventStore): FollowedLog {
  const readers = new Set<{ readonly queue: FeedQueue<StoredLogEvent>; at: number; paused: boolean }>();
  let subscriptions = 0;
  const pump = () => {
    const log = asLogged(store.log());
    for (const reader of readers)
      while (!reader.paused) {
        const event = log[reader.at];
        if (!event) break;
        reader.at += 1;
        reader.queue.push(event);
      }
  };
  return {
    source: {
      subscribe: after => {
        subscriptions += 1;
        const log = asLogged(store.log());
        const reader = {
          at: log.filter(({ point }) => after && comparePoints(point, after) <= 0).length,
          paused: false,
          queue: feedQueue<StoredLogEvent>({
            pause: () => {
              reader.paused = true;
            },
            resume: () => {
              reader.paused = false;
              setImmediate(pump);
            },
            close: () => readers.delete(reader),
          }),
        };
        readers.add(reader);
        setImmediate(pump);
        const { take, whole, close } = reader.queue.feed;
        return { take, whole: async max => whole(max), close };
      },
      idAt: async point =>
        asLogged(store.log()).find(event => comparePoints(event.point, point) === 0)?.point.eventId,
      end: async () => asLogged(store.log()).at(-1)?.point,
    },
    connect: around =>
      store.connect({
        append: async (proceed, call) => {
          try {
            return await (around ?? (async go => go()))(proceed, call);
          } finally {
            setImmediate(pump);
          }
        },
      }),
    pump,
    subscriptions: () => subscriptions,
  };
}
