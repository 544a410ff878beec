/** All loads on one event store, one after the other, each by a process of its own. */
import type { BenchContext } from './benchmark.ts';
import { startWorker } from './child.ts';
import type { DeliveriesJob } from './deliveries.ts';
import type { Drained, DrainJob } from './drain.ts';
import type { LoadFigures } from './load.ts';
import type { NodeAppendsJob } from './nodeAppends.ts';
import type { Filled } from './nodeFill.ts';
import type { NodeReadsJob, ReadFigures } from './nodeReads.ts';

export type LoadTimes = { readonly warmUpMs: number; readonly milliseconds: number };

/** What the client sends in one append when much is to be written. */
const BULK = 500;

export async function loadsOn(
  context: BenchContext,
  eventStoreUrl: string,
  filled: Filled,
  times: LoadTimes,
) {
  const figures = {
    ...(await appends(context, eventStoreUrl, times)),
    ...(await reads(context, eventStoreUrl, filled)),
    ...(await delivery(context, eventStoreUrl, times)),
  };
  context.say(`${eventStoreUrl.replace(/\/\/.*@/, '//')}: ${JSON.stringify(figures)}`);
  return figures;
}

async function appends(context: BenchContext, eventStoreUrl: string, { warmUpMs, milliseconds }: LoadTimes) {
  const sender = context.use(startWorker<NodeAppendsJob, LoadFigures>('./nodeAppends.ts'));
  const load = (concurrent: number, eventsEach = 1, duration = milliseconds) =>
    sender.ask({ eventStoreUrl, concurrent, eventsEach, milliseconds: duration });
  await load(16, 1, warmUpMs);
  const [one, some, many, most] = [await load(1), await load(16), await load(64), await load(256)];
  const bulk = await load(1, BULK);
  await sender.close();
  return {
    appends_1_per_s: one.perSecond,
    appends_16_per_s: some.perSecond,
    appends_64_per_s: many.perSecond,
    appends_256_per_s: most.perSecond,
    append_64_p50_ms: many.p50,
    append_64_p99_ms: many.p99,
    bulk_events_per_s: bulk.perSecond * BULK,
  };
}

async function reads(context: BenchContext, eventStoreUrl: string, filled: Filled) {
  const reader = context.use(startWorker<NodeReadsJob, ReadFigures>('./nodeReads.ts'));
  const read = await reader.ask({ eventStoreUrl, ...filled });
  await reader.close();
  const drainer = context.use(startWorker<DrainJob, Drained>('./drain.ts'));
  const drained = await drainer.ask({ eventStoreUrl, from: filled.from, upTo: filled.position });
  await drainer.close();
  return { ...read, subscription_events_per_s: drained.events_per_s };
}

async function delivery(context: BenchContext, eventStoreUrl: string, { milliseconds }: LoadTimes) {
  const subscriber = context.use(startWorker<DeliveriesJob, LoadFigures>('./deliveries.ts'));
  await subscriber.ask({ eventStoreUrl, milliseconds: milliseconds / 4 });
  const { p50 } = await subscriber.ask({ eventStoreUrl, milliseconds });
  await subscriber.close();
  return { delivery_p50_ms: p50 };
}
