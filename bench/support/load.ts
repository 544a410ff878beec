/**
 * Load, in two ways. Closed: so many senders, each with one request under way at any time, which asks how much is done.
 * Open: requests at fixed times, whatever has become of those before, which asks how long people wait.
 */
import { clock, type Pace, ticks } from './ticks.ts';

export type LoadFigures = {
  readonly perSecond: number;
  /** Milliseconds from a request to its answer. */
  readonly p50: number;
  readonly p99: number;
  readonly sent: number;
};

/** Calls each sender again and again until the time is over. Any failure ends it: a benchmark of errors measures nothing. */
export async function applyLoad(
  senders: readonly (() => Promise<void>)[],
  durationMs: number,
): Promise<LoadFigures> {
  const latencies: number[] = [];
  const begun = clock();
  const until = begun + durationMs;
  await Promise.all(
    senders.map(async send => {
      for (let before = clock(); before < until; ) {
        await send();
        const after = clock();
        latencies.push(after - before);
        before = after;
      }
    }),
  );
  return figuresOf(latencies, clock() - begun);
}

/** A request's time counts from when it was meant to be sent. @throws the first failure, once all have been sent. */
export async function applyPace(pace: Pace, send: (meant: number) => Promise<void>): Promise<LoadFigures> {
  const latencies: number[] = [];
  const failures: unknown[] = [];
  const underWay = new Set<Promise<void>>();
  const begun = clock();
  await ticks(pace, meant => {
    const sent = send(meant)
      .then(
        () => void latencies.push(clock() - meant),
        (error: unknown) => void failures.push(error),
      )
      .finally(() => underWay.delete(sent));
    underWay.add(sent);
  });
  await Promise.all(underWay);
  if (failures.length > 0) throw failures[0];
  return figuresOf(latencies, clock() - begun);
}

function figuresOf(latencies: readonly number[], milliseconds: number): LoadFigures {
  return {
    perSecond: latencies.length / (milliseconds / 1_000),
    ...quantilesOf(latencies),
    sent: latencies.length,
  };
}

export function quantilesOf(times: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = [...times].sort((a, b) => a - b);
  const quantile = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  return { p50: quantile(0.5) ?? Number.NaN, p99: quantile(0.99) ?? Number.NaN };
}
