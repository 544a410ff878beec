/**
 * Catching up: the log of a sales team folded into all read models, beside draining the same subscription and doing
 * nothing. Each round projects into an empty Postgres, from the first checkpoint to the last one with all indexes made.
 */
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type App, isReady, startApp } from './support/app.ts';
import { type BenchContext, benchmark } from './support/benchmark.ts';
import { drainedPerSecond } from './support/drained.ts';
import { folderWith, type Log, logOf } from './support/logs.ts';
import { watchProjector } from './support/projected.ts';
import { median } from './support/rounds.ts';

export const catchup = benchmark({
  name: 'catchup',
  summary: 'events a second folded into all read models while catching up, beside draining the subscription',
  run: async context => {
    const log = await logOf(context, { events: context.quick ? 5_000 : 200_000 });
    const values: number[] = [];
    const floors: number[] = [];
    for (let round = 0; round < (context.quick ? 1 : 3); round++) {
      const { folded, drained } = await catchUpAndDrain(context, log, round);
      values.push(folded);
      floors.push(drained);
      context.say(`folded ${Math.round(folded)} events/s, drained ${Math.round(drained)} events/s`);
    }
    return [{ metric: 'events_per_s', value: median(values), floor: median(floors), bar: 0.4 }];
  },
});

async function catchUpAndDrain(context: BenchContext, log: Log, round: number) {
  const dataDir = await folderWith(context, log, `data-${round}`);
  const app = await startApp(context, { dataDir, until: 'listening' });
  const folded = await foldedPerSecond(app, log);
  const drained = await drainedPerSecond(context, app, log);
  await app.close();
  await rm(dataDir, { recursive: true });
  return { folded, drained };
}

async function foldedPerSecond({ url, postgresUrl }: App, log: Log): Promise<number> {
  const watch = await watchProjector(postgresUrl);
  let first: { readonly at: number; readonly position: bigint } | undefined;
  try {
    for (let looks = 1; ; looks++) {
      const { position, indexed } = await watch.look();
      const at = performance.now();
      if (position >= 0n) first ??= { at, position };
      if (first && position >= log.position && indexed) {
        // The embedded node's positions count events, so they say how many there were.
        const share = Number(log.position - first.position) / Number(log.position);
        return (log.events * share) / ((at - first.at) / 1_000);
      }
      if (looks % 200 === 0) await isReady(url.href); // or say why it never will be
      await delay(10);
    }
  } finally {
    await watch.close();
  }
}
