/**
 * The board as of a day in the middle of the log, beside the board of today, and beside the plainest SQL over the
 * history, behind a bare route. The bar is met by either: the first floor says what going back costs, the second what
 * GraphQL adds where Postgres itself takes long.
 */
import { benchmark } from './support/benchmark.ts';
import { startWorker } from './support/child.ts';
import { withDeals } from './support/deals.ts';
import { BEGINS, ENDS } from './support/generate.ts';
import type { LoadFigures } from './support/load.ts';
import type { HttpRequest, RequestsJob } from './support/requests.ts';
import { alternate } from './support/rounds.ts';
import { boardScreen, checkSame } from './support/screens.ts';

const MIDDLE = new Date((BEGINS + ENDS) / 2).toISOString().slice(0, 10);

export const asof = benchmark({
  name: 'asof',
  summary:
    'the board as of a day amid 1,000,000 events, beside the board of today, then beside plain SQL on the history',
  run: context =>
    withDeals(context, async ({ app, bareUrl, pipelineId }) => {
      const size = context.quick ? { rounds: 1, milliseconds: 500 } : { rounds: 3, milliseconds: 8_000 };
      const today = boardScreen(pipelineId);
      const past = boardScreen(pipelineId, MIDDLE);
      await checkSame(app, bareUrl, [today, past]);

      const sender = context.use(startWorker<RequestsJob, LoadFigures>('./requests.ts'));
      const p50 = async (url: URL, request: HttpRequest): Promise<number> => {
        const load = (milliseconds: number) =>
          sender.ask({ url: url.href, requests: [request], connections: 1, milliseconds });
        await load(size.milliseconds / 4);
        return (await load(size.milliseconds)).p50;
      };
      const floors = async () => ({
        today: await p50(app.url, today.graphql),
        sql: await p50(bareUrl, past.bare),
      });
      const values = async () => ({ past: await p50(app.url, past.graphql) });
      const { floor, value } = await alternate(size.rounds, floors, values);
      await sender.close();
      return [
        { metric: 'board_asof_ms', value: value.past, floor: floor.today, bar: 3, anyOf: 'asof' },
        { metric: 'board_asof_ms', value: value.past, floor: floor.sql, bar: 1.5, anyOf: 'asof' },
      ];
    }),
});
