/** Floor and value in turns, so that what the machine does besides falls on both alike. */

/** Figures by metric. */
export type Figures = Readonly<Record<string, number>>;

/** Measures floor, value, floor, value, … and gives the median of each figure. */
export async function alternate<F extends Figures, V extends Figures>(
  rounds: number,
  floor: () => Promise<F>,
  value: () => Promise<V>,
): Promise<{ readonly floor: F; readonly value: V }> {
  const measured = await inTurns(rounds, floor, value);
  return {
    floor: medians(measured.map(round => round.floor)),
    value: medians(measured.map(round => round.value)),
  };
}

/** The same, with the figures of each round by themselves. */
export async function inTurns<F extends Figures, V extends Figures>(
  rounds: number,
  floor: () => Promise<F>,
  value: () => Promise<V>,
): Promise<readonly { readonly floor: F; readonly value: V }[]> {
  const measured: { readonly floor: F; readonly value: V }[] = [];
  for (let round = 0; round < rounds; round++) measured.push({ floor: await floor(), value: await value() });
  return measured;
}

/** Floor and value of a metric in that round, of an odd number of rounds, whose ratio is the median of all. */
export function medianRound<M extends string>(
  rounds: readonly {
    readonly floor: Readonly<Record<M, number>>;
    readonly value: Readonly<Record<M, number>>;
  }[],
  metric: M,
): { readonly floor: number; readonly value: number } {
  const pairs = rounds.map(({ floor, value }) => ({ floor: floor[metric], value: value[metric] }));
  const ratio = median(pairs.map(({ floor, value }) => value / floor));
  const middle = pairs.find(({ floor, value }) => value / floor === ratio);
  if (!middle) throw new RangeError('of an even number of rounds none is in the middle');
  return middle;
}

function medians<F extends Figures>(rounds: readonly F[]): F {
  const metrics = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(
    metrics.map(metric => [metric, median(rounds.map(round => round[metric] ?? Number.NaN))]),
  ) as F; // the same keys
}

/** Of an odd number the middle one, of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return Number.isInteger(middle)
    ? ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
    : (sorted[Math.floor(middle)] ?? Number.NaN);
}
