/**
 * `relata verify`: chains, tree, heads, and every row and version of the read models against a fold, beside draining the
 * same subscription and doing nothing. In processes of their own, one after the other, on an app that has caught up.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { startApp } from './support/app.ts';
import { benchmark } from './support/benchmark.ts';
import { startWorker } from './support/child.ts';
import type { Drained, DrainJob } from './support/drain.ts';
import { folderWith, logOf } from './support/logs.ts';
import { peakMbOf } from './support/memory.ts';
import { median } from './support/rounds.ts';
import type { Verified, VerifyJob } from './support/verifier.ts';

export const verify = benchmark({
  name: 'verify',
  summary:
    'events a second verified with all read models, beside draining the subscription; and the memory that it takes',
  run: async context => {
    const log = await logOf(context, { events: context.quick ? 5_000 : 1_000_000 });
    const dataDir = await folderWith(context, log, 'data');
    const app = await startApp(context, { dataDir });
    await treesAt(app.postgresUrl, log.position);
    const [values, floors, peaks]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < (context.quick ? 1 : 2); round++) {
      const verifier = context.use(startWorker<VerifyJob, Verified>('./verifier.ts'));
      const { eventStoreUrl, postgresUrl } = app;
      const { events_per_s: verified } = await verifier.ask({ eventStoreUrl, postgresUrl, dataDir });
      peaks.push(peakMbOf(verifier.pid) ?? 0);
      await verifier.close();
      const drainer = context.use(startWorker<DrainJob, Drained>('./drain.ts'));
      const { events_per_s: drained } = await drainer.ask({ eventStoreUrl, upTo: log.position });
      await drainer.close();
      values.push(verified);
      floors.push(drained);
      context.say(
        `verified ${Math.round(verified)} events/s, drained ${Math.round(drained)} events/s, ${Math.round(peaks.at(-1) ?? 0)} MB`,
      );
    }
    return [
      { metric: 'events_per_s', value: median(values), floor: median(floors), bar: 0.4 },
      { metric: 'peak_mb', value: Math.max(...peaks) },
    ];
  },
});

/** Until the keeper of the trees has hashed all of the log: it begins when the projector has caught up. */
async function treesAt(postgresUrl: string, position: bigint): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    for (;;) {
      const { rows } = await client.query<{ at: string }>(
        'SELECT commit_position AS at FROM relata.tree_checkpoint',
      );
      if (BigInt(rows[0]?.at ?? -1) >= position) return;
      await delay(100);
    }
  } finally {
    await client.end();
  }
}
