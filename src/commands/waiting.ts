/** Waiting, with an end to it. */
import { setTimeout as delay } from 'node:timers/promises';

/** As the client's own errors say it. */
export const timedOut = (ms: number): Error =>
  Object.assign(new Error(`no answer within ${ms} ms`), { type: 'timeout' });

/** Settles as the promise does, or rejects with a `timeout` error after `ms`. */
export async function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, refuse) => {
    timer = setTimeout(() => refuse(timedOut(ms)), ms);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits a random time up to a bound that doubles with each attempt, so that rivals don't meet again. */
export const backOff = (attempt: number, random: () => number): Promise<void> =>
  delay(random() * Math.min(200, 5 * 2 ** attempt));

/** Runs functions with one key one after the other, and those with different keys side by side. */
export function createQueues(): <T>(key: string, run: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>();
  return async (key, run) => {
    const before = tails.get(key);
    const mine = before ? before.then(run, run) : run();
    tails.set(key, mine);
    try {
      return await mine;
    } finally {
      if (tails.get(key) === mine) tails.delete(key);
    }
  };
}
