/**
 * From the start of the process until it is ready, and what it has resident when it has been idle for some seconds: on an
 * empty folder, and on one with a log whose read models are built. The floors are the two stores alone in a process of
 * Node's, which neither can do without.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startApp } from './support/app.ts';
import { type BenchContext, benchmark } from './support/benchmark.ts';
import { startWorker } from './support/child.ts';
import { folderWith, logOf } from './support/logs.ts';
import { residentMbOfTree } from './support/memory.ts';
import { withWholeApp } from './support/phases.ts';
import { alternate } from './support/rounds.ts';
import type { StoresJob } from './support/stores.ts';

type Started = { readonly ms: number; readonly mb: number };
/** Starts on a folder, measures, stops. */
type Start = (context: BenchContext, dataDir: string) => Promise<Started>;

export const start = benchmark({
  name: 'start',
  summary:
    'until it is ready on an empty folder and with 200,000 events, and memory when idle; beside the stores alone',
  run: async context => {
    const log = await logOf(context, { events: context.quick ? 2_000 : 200_000 });
    const filled = await folderWith(context, log, 'filled');
    context.say('the read models are built');
    await withWholeApp(context, filled, async () => undefined);

    const onBoth = (what: string, begin: Start) => async () => {
      const empty = await onEmpty(context, begin);
      const full = await begin(context, filled);
      context.say(`${what}: ${JSON.stringify({ empty, full })}`);
      return {
        empty_ms: empty.ms,
        filled_ms: full.ms,
        resident_empty_mb: empty.mb,
        resident_filled_mb: full.mb,
      };
    };
    const { floor, value } = await alternate(
      context.quick ? 1 : 3,
      onBoth('the stores', startStoresAlone),
      onBoth('the app', startWholeApp),
    );
    const metrics = ['empty_ms', 'filled_ms', 'resident_empty_mb', 'resident_filled_mb'] as const;
    return metrics.map(metric => ({ metric, value: value[metric], floor: floor[metric] }));
  },
});

const startWholeApp: Start = async (context, dataDir) => {
  const app = await startApp(context, { dataDir });
  const mb = await idleMbOf(context, app.pid);
  await app.close();
  return { ms: app.startedInMs, mb };
};

const startStoresAlone: Start = async (context, dataDir) => {
  const begun = performance.now();
  const stores = context.use(startWorker<StoresJob, object>('./stores.ts'));
  await stores.ask({ dir: dataDir });
  const ms = performance.now() - begun;
  const mb = await idleMbOf(context, stores.pid);
  await stores.close();
  return { ms, mb };
};

async function onEmpty(context: BenchContext, begin: Start): Promise<Started> {
  const dataDir = join(context.folder, 'empty');
  await mkdir(dataDir, { mode: 0o711 });
  const started = await begin(context, dataDir);
  await rm(dataDir, { recursive: true });
  return started;
}

/** After some time in which what a start leaves behind can be given back. */
async function idleMbOf({ quick }: BenchContext, pid: number): Promise<number> {
  await delay(quick ? 500 : 10_000);
  return residentMbOfTree(pid);
}
