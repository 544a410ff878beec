/** Waiting before trying again: longer each time, and never the same for two that failed together. */
import { setTimeout as delay } from 'node:timers/promises';

const FIRST_MS = 100;
const MOST_MS = 5_000;

/** @param attempt from 0. Ends early, without an error, when the signal aborts. */
export async function backOff(attempt: number, signal: AbortSignal): Promise<void> {
  const longest = Math.min(MOST_MS, FIRST_MS * 2 ** attempt);
  await delay(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
}
