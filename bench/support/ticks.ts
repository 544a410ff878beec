/**
 * Ticks at fixed times, from a thread that does nothing else: a timer of the event loop may be a millisecond late, which is
 * longer than what is measured. A loop that is busy hears its ticks late, with the times that they were meant for.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

export type Pace = { readonly perSecond: number; readonly milliseconds: number };

/** In milliseconds, on a clock that all threads of a process share. */
export const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

/** @param tick hears when it was meant for. Resolves after the last one. */
export function ticks(pace: Pace, tick: (meant: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL(import.meta.url), { workerData: pace });
    thread.on('message', tick).on('error', reject).on('exit', resolve);
  });
}

if (!isMainThread && parentPort) tell(parentPort, workerData as Pace); // as `ticks` begins it

function tell(port: NonNullable<typeof parentPort>, { perSecond, milliseconds }: Pace): void {
  const begun = clock();
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  for (let i = 1; i <= (perSecond * milliseconds) / 1_000; i++) {
    const meant = begun + (i * 1_000) / perSecond;
    Atomics.wait(asleep, 0, 0, Math.max(0, meant - clock()));
    port.postMessage(meant);
  }
}
