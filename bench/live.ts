/**
 * How soon what was written is seen: by who asks for it, with the position that the mutation answered, and by who subscribed
 * while 200 commands a second are sent. Beside bare appends of the same bytes, one after the other and at the same pace, with
 * the projector paused.
 */
import type { AppendsJob } from './support/appends.ts';
import { type BenchContext, benchmark } from './support/benchmark.ts';
import { startWorker } from './support/child.ts';
import type { LiveFigures, LiveJob } from './support/live.ts';
import type { LoadFigures } from './support/load.ts';
import { folderWith, logOf } from './support/logs.ts';
import { recordsOf, withProjectorPaused, withWholeApp } from './support/phases.ts';
import { alternate } from './support/rounds.ts';
import type { VisitsFigures, VisitsJob } from './support/visits.ts';

const PER_SECOND = 200;

export const live = benchmark({
  name: 'live',
  summary:
    'from a mutation to a query with `after`, and to a subscription at 200 commands/s; beside bare appends',
  run: async context => {
    const size = context.quick
      ? { events: 2_000, rounds: 1, warmUpMs: 500, milliseconds: 500, pacedMs: 2_000 }
      : { events: 20_000, rounds: 5, warmUpMs: 4_000, milliseconds: 5_000, pacedMs: 20_000 };
    const dataDir = await folderWith(context, await logOf(context, { events: size.events }), 'data');
    await seen(context, dataDir, { ...size, pacedMs: 500 }); // for the floor to imitate
    const { floor, value } = await alternate(
      size.rounds,
      () => appended(context, dataDir, size),
      () => seen(context, dataDir, size),
    );
    return [
      { metric: 'visible_ms', value: value.visible_ms, floor: floor.append_ms, bar: 3 },
      { metric: 'mutation_ms', value: value.mutation_ms, floor: floor.append_ms },
      { metric: 'told_p50_ms', value: value.told_p50_ms, floor: floor.paced_ms, bar: 3 },
      { metric: 'told_p99_ms', value: value.told_p99_ms, floor: floor.paced_ms, bar: 10 },
      { metric: 'answered_p50_ms', value: value.answered_p50_ms, floor: floor.paced_ms },
      { metric: 'answered_p99_ms', value: value.answered_p99_ms, floor: floor.paced_ms },
      { metric: 'told_after_answer_p50_ms', value: value.after_p50_ms, floor: floor.paced_ms },
      { metric: 'told_after_answer_p99_ms', value: value.after_p99_ms, floor: floor.paced_ms },
    ];
  },
});

type Times = { readonly warmUpMs: number; readonly milliseconds: number; readonly pacedMs: number };

const seen = (context: BenchContext, dataDir: string, times: Times) =>
  withWholeApp(context, dataDir, async app => {
    const records = await recordsOf(app);
    const visitor = context.use(startWorker<VisitsJob, VisitsFigures>('./visits.ts'));
    const visit = (milliseconds: number) =>
      visitor.ask({ url: app.url.href, ids: records.targets.map(({ id }) => id), milliseconds });
    await visit(times.warmUpMs);
    const visits = await visit(times.milliseconds);
    await visitor.close();

    const sellers = context.use(startWorker<LiveJob, LiveFigures>('./live.ts'));
    const { answered, told, toldAfterAnswer, perSecond } = await sellers.ask({
      url: app.url.href,
      ...records,
      perSecond: PER_SECOND,
      warmUpMs: times.warmUpMs,
      milliseconds: times.pacedMs,
    });
    await sellers.close();
    const figures = {
      ...visits,
      told_p50_ms: told.p50,
      told_p99_ms: told.p99,
      answered_p50_ms: answered.p50,
      answered_p99_ms: answered.p99,
      after_p50_ms: toldAfterAnswer.p50,
      after_p99_ms: toldAfterAnswer.p99,
    };
    context.say(`at ${perSecond.toFixed(1)} commands/s: ${JSON.stringify(figures)}`);
    return figures;
  });

const appended = (context: BenchContext, dataDir: string, times: Times) =>
  withProjectorPaused(context, dataDir, async ({ eventStoreUrl }) => {
    const sender = context.use(startWorker<AppendsJob, LoadFigures>('./appends.ts'));
    const appends = async (how: { connections: number } | { perSecond: number }, milliseconds: number) => {
      await sender.ask({ eventStoreUrl, ...how, milliseconds: times.warmUpMs });
      return sender.ask({ eventStoreUrl, ...how, milliseconds });
    };
    const one = await appends({ connections: 1 }, times.milliseconds);
    const paced = await appends({ perSecond: PER_SECOND }, times.pacedMs);
    await sender.close();
    context.say(`bare appends: p50 ${one.p50.toFixed(3)} ms; paced ${JSON.stringify(paced)}`);
    return { append_ms: one.p50, paced_ms: paced.p50 };
  });
