/**
 * Sending pages of events at the reader's pace: the next page is read only when the connection has taken most of the
 * last, so a slow reader costs a page of memory, however far behind it is.
 */
import type { PageLimit } from './store.ts';
import type { Call } from './transport.ts';

/** A page: large enough that its overhead doesn't count, small enough that others get their turn. */
export const PAGE: PageLimit = { rows: 500, bytes: 128 * 1024 };
const MAX_BACKLOG_BYTES = 128 * 1024;

export type Step = {
  /** Whole frames to send. */
  readonly frames: readonly Buffer[];
  /** Whether another step follows at once; otherwise the pump rests until it is woken. */
  readonly more: boolean;
};

/** Runs `step` at once, and again while there is more and the call is open. Returns how to wake it when it rests. */
export function pump(call: Call, step: () => Step): () => void {
  let active = false;
  function wake(): void {
    if (active) return;
    active = true;
    setImmediate(run);
  }
  function run(): void {
    active = false;
    if (!call.open()) return;
    try {
      const { frames, more } = step();
      if (frames.length > 0) call.send(...frames);
      if (!more) return;
    } catch (error) {
      call.fail(error);
      return;
    }
    active = true;
    if (call.backlog() > MAX_BACKLOG_BYTES) call.whenDrained(run);
    else setImmediate(run);
  }
  run();
  return wake;
}
