/** What is known of a real server, for where none is at hand, and what the embedded node promises of itself. */
import type { Measurement } from './benchmark.ts';
import type { Figures } from './rounds.ts';

/**
 * A single-node EventStoreDB on two cores, through the same client. Source: the issue that this benchmark was asked for
 * in. It names no figures for the metrics that aren't here.
 */
export const REAL_SERVER = {
  loads: {
    appends_1_per_s: 500,
    appends_64_per_s: 4_500,
    append_64_p50_ms: 12,
    bulk_events_per_s: 20_000,
    // 25,000 to 50,000: the client is what limits it, so the low end is already level on a slow machine.
    all_events_per_s: 25_000,
    subscription_events_per_s: 25_000,
  },
  memory: { loaded_peak_mb: 600 },
} as const satisfies Record<string, Figures>;

/** With 1,000,000 events; the memory when it has been idle for 10 s. */
export const PROMISED = { start_ms: 2_000, resident_mb: 150 } as const satisfies Figures;

/** Every value, and where there is a floor for it, that it must be level or better. */
export const besideServer = (values: Figures, floors: Figures): readonly Measurement[] =>
  Object.entries(values).map(([metric, value]) => {
    const floor = floors[metric];
    return floor === undefined ? { metric, value } : { metric, value, floor, bar: 1 };
  });
