/** The whole app over a log of opportunities above all, with bare routes beside it on the same Postgres. */
import type { App } from './app.ts';
import type { BareJob, BareServer } from './bareRoutes.ts';
import type { BenchContext } from './benchmark.ts';
import { startWorker } from './child.ts';
import { DEALS } from './generate.ts';
import { folderWith, logOf } from './logs.ts';
import { withWholeApp } from './phases.ts';
import { dealsOf } from './screens.ts';
import { vacuum } from './settled.ts';

export type Deals = { readonly app: App; readonly bareUrl: URL; readonly pipelineId: string };

export async function withDeals<T>(context: BenchContext, work: (deals: Deals) => Promise<T>): Promise<T> {
  const log = await logOf(context, { ...DEALS, events: context.quick ? 5_000 : 1_000_000 });
  const dataDir = await folderWith(context, log, 'data');
  context.say('the read models catch up');
  return withWholeApp(context, dataDir, async app => {
    await vacuum(app.postgresUrl);
    const bare = context.use(startWorker<BareJob, BareServer>('./bareRoutes.ts'));
    const { url } = await bare.ask({ postgresUrl: app.postgresUrl });
    const { pipelineId, opportunities } = await dealsOf(app, log);
    context.say(
      `${log.events.toLocaleString('en')} events, ${opportunities.toLocaleString('en')} opportunities`,
    );
    const result = await work({ app, bareUrl: new URL(url), pipelineId });
    await bare.close();
    return result;
  });
}
