/**
 * Mutations over GraphQL, beside bare appends of the same bytes to the same node. The node is the one inside the app: for
 * the floor the app runs with its API idle and without its projector, on the same data folder, in turns with the rounds
 * in which all of it runs.
 */
import type { AppendsJob } from './support/appends.ts';
import { type BenchContext, benchmark } from './support/benchmark.ts';
import { startWorker } from './support/child.ts';
import type { LoadFigures } from './support/load.ts';
import { folderWith, logOf } from './support/logs.ts';
import type { MutationsJob } from './support/mutations.ts';
import { recordsOf, withProjectorPaused, withWholeApp } from './support/phases.ts';
import { alternate } from './support/rounds.ts';

const BARS = { mutations_1_per_s: 0.5, mutations_16_per_s: 0.5, mutations_64_per_s: 0.35, p50_1_ms: 2.5 };

export const commands = benchmark({
  name: 'commands',
  summary: 'GraphQL mutations, beside bare appendToStream of the same bytes with the projector paused',
  run: async context => {
    const size = context.quick
      ? { events: 2_000, rounds: 1, warmUpMs: 500, milliseconds: 500 }
      : { events: 20_000, rounds: 3, warmUpMs: 5_000, milliseconds: 4_000 };
    const dataDir = await folderWith(context, await logOf(context, { events: size.events }), 'data');
    context.say('mutations are sent, for the floor to imitate');
    await mutations(context, dataDir, { ...size, milliseconds: 200 });
    const { floor, value } = await alternate(
      size.rounds,
      () => appends(context, dataDir, size),
      () => mutations(context, dataDir, size),
    );
    return Object.entries(BARS).map(([metric, bar]) => ({
      metric,
      value: value[metric as keyof typeof BARS],
      floor: floor[metric as keyof typeof BARS],
      bar,
    }));
  },
});

type Times = { readonly warmUpMs: number; readonly milliseconds: number };

const mutations = (context: BenchContext, dataDir: string, times: Times) =>
  withWholeApp(context, dataDir, async app => {
    const records = await recordsOf(app);
    const sender = context.use(startWorker<MutationsJob, LoadFigures>('./mutations.ts'));
    const figures = await atEach(times, (connections, milliseconds) =>
      sender.ask({ url: app.url.href, connections, milliseconds, ...records }),
    );
    await sender.close();
    context.say(`mutations: ${JSON.stringify(figures)}`);
    return figures;
  });

const appends = (context: BenchContext, dataDir: string, times: Times) =>
  withProjectorPaused(context, dataDir, async ({ eventStoreUrl }) => {
    const sender = context.use(startWorker<AppendsJob, LoadFigures>('./appends.ts'));
    const figures = await atEach(times, (connections, milliseconds) =>
      sender.ask({ eventStoreUrl, connections, milliseconds }),
    );
    await sender.close();
    context.say(`bare appends: ${JSON.stringify(figures)}`);
    return figures;
  });

async function atEach(
  { warmUpMs, milliseconds }: Times,
  load: (connections: number, milliseconds: number) => Promise<LoadFigures>,
) {
  await load(16, warmUpMs);
  const one = await load(1, milliseconds);
  const some = await load(16, milliseconds);
  const many = await load(64, milliseconds);
  return {
    mutations_1_per_s: one.perSecond,
    mutations_16_per_s: some.perSecond,
    mutations_64_per_s: many.perSecond,
    p50_1_ms: one.p50,
  };
}
