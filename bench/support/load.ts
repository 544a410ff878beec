/** Closed-loop load: so many senders, each with one request under way at any time. */
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
  const begun = performance.now();
  const until = begun + durationMs;
  await Promise.all(
    senders.map(async send => {
      for (let before = performance.now(); before < until; ) {
        await send();
        const after = performance.now();
        latencies.push(after - before);
        before = after;
      }
    }),
  );
  const seconds = (performance.now() - begun) / 1_000;
  latencies.sort((a, b) => a - b);
  return {
    perSecond: latencies.length / seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    sent: latencies.length,
  };
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
