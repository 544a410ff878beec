/** Ends what was begun, the last first; all of it, also where one part fails to end, or doesn't end at all. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';

export type Closing = {
  /** What is ended within bounds of its own may say how long they are. */
  readonly add: (end: () => Promise<unknown>, withinMs?: number) => void;
  /** The second call waits for the first. @throws what failed to end; it is logged too. */
  readonly close: () => Promise<void>;
};

/** A part that waits for a server elsewhere which has fallen silent would wait for ever. */
const END_MS = 5_000;

export function createClosing(logger: Pick<Logger, 'warn'>): Closing {
  const ends: { readonly end: () => Promise<unknown>; readonly withinMs: number }[] = [];
  let closed: Promise<void> | undefined;

  const run = async () => {
    const failures: unknown[] = [];
    for (const { end, withinMs } of ends.reverse())
      try {
        if ((await within(end(), withinMs)) === 'late')
          logger.warn({ withinMs }, 'a part did not end in time and was left');
      } catch (error) {
        logger.warn({ err: error }, 'a part failed to end');
        failures.push(error);
      }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, 'not everything could be ended');
  };
  return {
    add: (end, withinMs = END_MS) => ends.push({ end, withinMs }),
    close: () => {
      closed ??= run();
      return closed;
    },
  };
}

async function within(ending: Promise<unknown>, ms: number): Promise<unknown> {
  const patience = new AbortController();
  const late = delay(ms, 'late' as const, { signal: patience.signal }).catch(() => undefined);
  try {
    return await Promise.race([ending.then(() => 'ended' as const), late]);
  } finally {
    patience.abort();
  }
}
