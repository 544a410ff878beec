/** Floor and value in turns, so that what the machine does besides falls on both alike. */

/** Figures by metric. */
export type Figures = Readonly<Record<string, number>>;

/** Measures floor, value, floor, value, … and gives the median of each figure. */
export async function alternate<F extends Figures, V extends Figures>(
  rounds: number,
  floor: () => Promise<F>,
  value: () => Promise<V>,
): Promise<{ readonly floor: F; readonly value: V }> {
  const floors: F[] = [];
  const values: V[] = [];
  for (let round = 0; round < rounds; round++) {
    floors.push(await floor());
    values.push(await value());
  }
  return { floor: medians(floors), value: medians(values) };
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
