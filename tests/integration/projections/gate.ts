/** A log whose subscriptions can be held at a place, so that a test can look at what is half done. */
import type { Feed, LogEvent, LogPoint, ProjectedLog } from '../../../src/projections/engine/source.ts';

export type Gate = {
  readonly source: ProjectedLog;
  /** From where each subscription has begun, in their order. */
  readonly begun: readonly (LogPoint | undefined)[];
  /** Lets everything through. */
  readonly open: () => void;
};

/** @param holds how many events a subscription that begins there is given while the gate is closed; nothing: all. */
export function gate(source: ProjectedLog, holds: (after: LogPoint | undefined) => number | undefined): Gate {
  const begun: (LogPoint | undefined)[] = [];
  const opened = Promise.withResolvers<void>();
  let isOpen = false;

  const held = (feed: Feed, most: number): Feed => {
    let left = most;
    const closed = Promise.withResolvers<void>();
    const take = async (max: number): Promise<readonly LogEvent[]> => {
      if (left === 0 && !isOpen) await Promise.race([opened.promise, closed.promise]);
      const batch = await feed.take(isOpen ? max : Math.max(1, Math.min(max, left)));
      left = Math.max(0, left - batch.length);
      return batch;
    };
    const close = () => {
      closed.resolve();
      feed.close();
    };
    return { take, whole: async () => [], close };
  };
  return {
    source: {
      ...source,
      subscribe: after => {
        begun.push(after);
        const most = isOpen ? undefined : holds(after);
        const feed = source.subscribe(after);
        return most === undefined ? feed : held(feed, most);
      },
    },
    begun,
    open: () => {
      isOpen = true;
      opened.resolve();
    },
  };
}
