/** How long after a mutation's answer a query that waits for it is answered, beside a bare append with the projector paused. */
import type { AppendsJob } from './support/appends.ts';
import { benchmark } from './support/benchmark.ts';
import { startWorker } from './support/child.ts';
import type { LoadFigures } from './support/load.ts';
import { folderWith, logOf } from './support/logs.ts';
import { recordsOf, withProjectorPaused, withWholeApp } from './support/phases.ts';
import { alternate } from './support/rounds.ts';
import type { VisitsFigures, VisitsJob } from './support/visits.ts';

export const visibility = benchmark({
  name: 'visibility',
  summary: 'from the answer of a mutation to the answer of a query with `after`, beside a bare append',
  run: async context => {
    const size = context.quick
      ? { events: 2_000, rounds: 1, warmUpMs: 500, milliseconds: 500 }
      : { events: 20_000, rounds: 3, warmUpMs: 4_000, milliseconds: 5_000 };
    const dataDir = await folderWith(context, await logOf(context, { events: size.events }), 'data');

    const visits = () =>
      withWholeApp(context, dataDir, async app => {
        const { targets } = await recordsOf(app);
        const visitor = context.use(startWorker<VisitsJob, VisitsFigures>('./visits.ts'));
        const visit = (milliseconds: number) =>
          visitor.ask({ url: app.url.href, ids: targets.map(({ id }) => id), milliseconds });
        await visit(size.warmUpMs);
        const figures = await visit(size.milliseconds);
        await visitor.close();
        context.say(`visits: ${JSON.stringify(figures)}`);
        return { ...figures };
      });
    const appends = () =>
      withProjectorPaused(context, dataDir, async ({ eventStoreUrl }) => {
        const sender = context.use(startWorker<AppendsJob, LoadFigures>('./appends.ts'));
        await sender.ask({ eventStoreUrl, connections: 1, milliseconds: size.warmUpMs });
        const { p50 } = await sender.ask({ eventStoreUrl, connections: 1, milliseconds: size.milliseconds });
        await sender.close();
        context.say(`bare appends: p50 ${p50.toFixed(3)} ms`);
        return { p50 };
      });

    await visits(); // for the floor to imitate
    const { floor, value } = await alternate(size.rounds, appends, visits);
    return [
      { metric: 'visible_ms', value: value.visible_ms, floor: floor.p50, bar: 3 },
      { metric: 'mutation_ms', value: value.mutation_ms, floor: floor.p50 },
    ];
  },
});
