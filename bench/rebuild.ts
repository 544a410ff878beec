/**
 * Building all read models anew while the present ones are served: from the request until the views show the new ones, with
 * all indexes, beside draining the same subscription and doing nothing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { loadReadModels } from '../src/projections/catalog.ts';
import { progressOf, requestBuilds } from '../src/projections/engine/buildRequests.ts';
import { type App, startApp } from './support/app.ts';
import { benchmark } from './support/benchmark.ts';
import { drainedPerSecond } from './support/drained.ts';
import { folderWith, logOf } from './support/logs.ts';
import { peakMbOf } from './support/memory.ts';
import { alternate } from './support/rounds.ts';

/** In MB, of the whole process: the API, the embedded event store and the projector. */
const MOST_MB = 400;

export const rebuild = benchmark({
  name: 'rebuild',
  summary: 'events a second while all read models are built anew, beside draining the subscription; memory',
  run: async context => {
    const log = await logOf(context, {
      events: context.quick ? 5_000 : 1_000_000,
    });
    const dataDir = await folderWith(context, log, 'data');
    // Started again, so that its memory is that of a rebuild and not of catching up.
    await (await startApp(context, { dataDir })).close();
    const app = await startApp(context, { dataDir });
    const { floor, value } = await alternate(
      context.quick ? 1 : 3,
      async () => {
        const events_per_s = await drainedPerSecond(context, app, log);
        context.say(
          `drained ${Math.round(events_per_s)} events/s; ${Math.round(peakMbOf(app.pid) ?? 0)} MB at most`,
        );
        return { events_per_s };
      },
      async () => {
        const begun = performance.now();
        await rebuildAll(app);
        const events_per_s = log.events / ((performance.now() - begun) / 1_000);
        context.say(
          `rebuilt ${Math.round(events_per_s)} events/s; ${Math.round(peakMbOf(app.pid) ?? 0)} MB at most`,
        );
        return { events_per_s };
      },
    );
    const peak = peakMbOf(app.pid) ?? Number.NaN;
    await app.close();
    return [
      { metric: 'events_per_s', value: value.events_per_s, floor: floor.events_per_s, bar: 0.6 },
      { metric: 'peak_mb', value: peak, floor: MOST_MB, bar: 1 },
    ];
  },
});

async function rebuildAll({ postgresUrl }: App): Promise<void> {
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 2 });
  try {
    const schemas = await requestBuilds(pool, await loadReadModels());
    for (;;) {
      const { builds } = await progressOf(pool, schemas);
      if (builds.every(({ state }) => state === 'shown')) return;
      await delay(20);
    }
  } finally {
    await pool.end();
  }
}
