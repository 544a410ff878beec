/**
 * What ten times the events cost a command and an indexed query: the processor time of the app and its Postgres for each, over
 * a log of 1,000,000 events beside one of 100,000. A command's includes its way into the read models. Asked for are a record by its id, pages of the
 * list, and what belongs to an account and to an owner; not what grows by its nature, as a board's totals do.
 */
import type { App } from './support/app.ts';
import { startApp } from './support/app.ts';
import { type BenchContext, benchmark } from './support/benchmark.ts';
import { startWorker } from './support/child.ts';
import { askGraphql } from './support/graphqlClient.ts';
import type { LoadFigures } from './support/load.ts';
import { folderWith, logOf } from './support/logs.ts';
import type { MutationsJob } from './support/mutations.ts';
import { recordsOf } from './support/phases.ts';
import { cpuMsOfTree } from './support/processes.ts';
import type { RequestsJob } from './support/requests.ts';
import { inTurns, medianRound } from './support/rounds.ts';
import { ofAccount, ofOwner, pageScreens, recordAt } from './support/screens.ts';
import { untilIdle, vacuum } from './support/settled.ts';

const CONNECTIONS = 8;
const METRICS = ['command_cpu_ms', 'record_cpu_ms', 'page_cpu_ms', 'account_cpu_ms', 'owner_cpu_ms'] as const;
const BAR = 1.3;

export const growth = benchmark({
  name: 'growth',
  summary: 'processor time of a command and of indexed queries at 1,000,000 events, beside 100,000',
  run: async context => {
    const size = context.quick
      ? { from: 2_000, to: 20_000, rounds: 1, warmUpMs: 500, milliseconds: 1_000 }
      : { from: 100_000, to: 1_000_000, rounds: 7, warmUpMs: 5_000, milliseconds: 4_000 };
    const small = await costsOver(context, size.from);
    const large = await costsOver(context, size.to);
    for (const costs of [small, large]) await costs(size.warmUpMs);
    const rounds = await inTurns(
      size.rounds,
      () => small(size.milliseconds),
      () => large(size.milliseconds),
    );
    return METRICS.map(metric => ({ metric, ...medianRound(rounds, metric), bar: BAR }));
  },
});

type Costs = Readonly<Record<(typeof METRICS)[number], number>>;

/** @returns what measures, for so long each, on an app of its own that has caught up and come to rest. */
async function costsOver(context: BenchContext, events: number): Promise<(forMs: number) => Promise<Costs>> {
  const name = events.toLocaleString('en');
  const log = await logOf(context, { events });
  context.say(`the read models of ${name} events catch up`);
  const app = await startApp(context, { dataDir: await folderWith(context, log, `data-${events}`) });
  await vacuum(app.postgresUrl);
  await untilIdle(app.pid);

  const records = await recordsOf(app);
  const pages = await pageScreens(app);
  const url = app.url.href;
  const commands = context.use(startWorker<MutationsJob, LoadFigures>('./mutations.ts'));
  const queries = context.use(startWorker<RequestsJob, LoadFigures>('./requests.ts'));
  const query = (requests: RequestsJob['requests'], milliseconds: number) =>
    cpuOfEach(app, () => queries.ask({ url, requests, connections: CONNECTIONS, milliseconds }));

  return async milliseconds => {
    const costs: Costs = {
      command_cpu_ms: await cpuOfEach(app, async () => {
        const figures = await commands.ask({ ...records, url, connections: CONNECTIONS, milliseconds });
        await shown(app, records.accountIds[0]);
        return figures;
      }),
      record_cpu_ms: await query(
        records.targets.map(({ id }) => recordAt(id, {})),
        milliseconds,
      ),
      page_cpu_ms: await query(
        pages.map(({ graphql }) => graphql),
        milliseconds,
      ),
      account_cpu_ms: await query(records.accountIds.map(ofAccount), milliseconds),
      owner_cpu_ms: await query(records.userIds.map(ofOwner), milliseconds),
    };
    context.say(`${name} events: ${JSON.stringify(costs)}`);
    return costs;
  };
}

async function cpuOfEach({ pid }: App, load: () => Promise<LoadFigures>): Promise<number> {
  const before = cpuMsOfTree(pid);
  const { sent } = await load();
  return (cpuMsOfTree(pid) - before) / sent;
}

/** Resolves once all that was sent before can be seen. */
async function shown({ url }: App, accountId: string | undefined): Promise<void> {
  type Renamed = { readonly changeAccountDetails: { readonly position: string } };
  const { changeAccountDetails } = await askGraphql<Renamed>(
    url,
    'mutation Rename($id: ID!, $name: String!) { changeAccountDetails(input: { id: $id, name: $name }) { position } }',
    { id: accountId, name: `Renamed at ${performance.now()}` },
  );
  await askGraphql(url, 'query See($id: ID!, $after: Position!) { account(id: $id, after: $after) { id } }', {
    id: accountId,
    after: changeAccountDetails.position,
  });
}
