/** Draining the log of a running app: its subscription read and decoded by its client, and nothing done with it. */
import type { App } from './app.ts';
import type { BenchContext } from './benchmark.ts';
import { startWorker } from './child.ts';
import type { Drained, DrainJob } from './drain.ts';
import type { Log } from './logs.ts';

/** To be called once the projector has caught up and waits: then it is as if it were paused. The node is the same one. */
export async function drainedPerSecond(context: BenchContext, app: App, log: Log): Promise<number> {
  const drainer = context.use(startWorker<DrainJob, Drained>('./drain.ts'));
  const { events_per_s } = await drainer.ask({ eventStoreUrl: app.eventStoreUrl, upTo: log.position });
  await drainer.close();
  return events_per_s;
}
