/** What a benchmark is, and what it answers. Each is a file of the folder above, found by looking into it. */
import { type Resources, scopedResources } from './resources.ts';

export type Benchmark = {
  readonly kind: 'benchmark';
  readonly name: string;
  /** One line for the list. */
  readonly summary: string;
  readonly run: (context: BenchContext) => Promise<readonly Measurement[]>;
};

export type BenchContext = Resources & {
  /** A small run, to see that everything works: its figures mean little. */
  readonly quick: boolean;
  /** Temporary, and this benchmark's own. */
  readonly folder: string;
  /** Temporary, and the same for all benchmarks of the run. */
  readonly shared: string;
  /** Where finished logs are kept for the next run; without it they are gone after this one. */
  readonly logs: string | undefined;
  /** Where CPU profiles of the app's threads go, if they are wanted. */
  readonly profiles: string | undefined;
  /** Says what is going on, on stderr. */
  readonly say: (text: string) => void;
};

export type Measurement = {
  /** Ends in `_per_s` (more is better), `_ms` or `_mb` (less is better). */
  readonly metric: string;
  readonly value: number;
  /** The same measured of what can't be done without, in the same run. */
  readonly floor?: number;
  /** What value / floor must reach, or must not exceed. */
  readonly bar?: number;
  /** Measurements with the same word here are all right together as soon as one of them is. */
  readonly anyOf?: string;
};

/** One line of `--json`. */
export type Result = {
  readonly bench: string;
  readonly metric: string;
  readonly value: number;
  readonly unit: '1/s' | 'ms' | 'MB';
  readonly floor: number | null;
  readonly ratio: number | null;
  readonly bar: number | null;
  readonly ok: boolean;
};

export const benchmark = (declaration: Omit<Benchmark, 'kind'>): Benchmark => ({
  kind: 'benchmark',
  ...declaration,
});

/** Runs one benchmark and puts everything away that it opened, however it ends, also when it is asked to stop. */
export async function measure(
  { name, run }: Benchmark,
  options: Omit<BenchContext, keyof Resources>,
): Promise<readonly Result[]> {
  const resources = scopedResources();
  const stopped = Promise.withResolvers<never>();
  const stop = (signal: NodeJS.Signals) => stopped.reject(new Error(`stopped by ${signal}`));
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    return judge(name, await Promise.race([run({ ...options, ...resources }), stopped.promise]));
  } finally {
    await resources.closeAll();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

export function judge(bench: string, measurements: readonly Measurement[]): readonly Result[] {
  const passed = measurements.map(passes);
  return measurements.map(({ metric, value, floor, bar, anyOf }, i) => ({
    bench,
    metric,
    value: rounded(value),
    unit: unitOf(metric),
    floor: floor === undefined ? null : rounded(floor),
    ratio: floor === undefined ? null : rounded(value / floor),
    bar: bar ?? null,
    ok:
      anyOf === undefined ? passed[i] === true : measurements.some((m, j) => m.anyOf === anyOf && passed[j]),
  }));
}

export const moreIsBetter = (metric: string): boolean => unitOf(metric) === '1/s';

function passes({ metric, value, floor, bar }: Measurement): boolean {
  if (floor === undefined || bar === undefined) return true;
  return moreIsBetter(metric) ? value / floor >= bar : value / floor <= bar;
}

function unitOf(metric: string): Result['unit'] {
  if (metric.endsWith('_per_s')) return '1/s';
  if (metric.endsWith('_ms')) return 'ms';
  if (metric.endsWith('_mb')) return 'MB';
  throw new Error(`${metric} must end in _per_s, _ms or _mb`);
}

/** Three significant digits at least, and no more decimals than that takes. */
const rounded = (value: number): number =>
  Number(value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 3));
