/** A log whose subscriptions deliver in batches of given sizes, and sometimes a batch again, as no server should. */
import type { LogEvent, ProjectedLog } from '../../../src/projections/engine/source.ts';

/** @param sizes of one batch after the other, over and over; 0 is the batch before once more. */
export function uneven(source: ProjectedLog, sizes: readonly number[]): ProjectedLog {
  let turn = 0;
  return {
    ...source,
    subscribe: after => {
      const feed = source.subscribe(after);
      let last: readonly LogEvent[] = [];
      /** Nothing where the batch before comes again. */
      const nextSize = (most: number) => {
        const size = sizes[turn++ % sizes.length] ?? most;
        return size === 0 && last.length > 0 ? undefined : Math.min(most, Math.max(1, size));
      };
      return {
        close: feed.close,
        take: async max => {
          const size = nextSize(max);
          if (size !== undefined) last = await feed.take(size);
          return last;
        },
        whole: async max => {
          const size = nextSize(max);
          if (size === undefined) return last;
          const batch = await feed.whole(size);
          if (batch.length > 0) last = batch;
          return batch;
        },
      };
    },
  };
}
