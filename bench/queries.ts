/**
 * A page of 50 opportunities with account and owner, and the board over all of them, by GraphQL: beside the same by hand-written SQL
 * behind a bare fastify route, on the same Postgres, at the same concurrency. Both answer the same JSON, which is checked first.
 */
import { benchmark } from './support/benchmark.ts';
import { startWorker } from './support/child.ts';
import { withDeals } from './support/deals.ts';
import type { LoadFigures } from './support/load.ts';
import type { HttpRequest, RequestsJob } from './support/requests.ts';
import { alternate } from './support/rounds.ts';
import { boardScreen, checkSame, pageScreens } from './support/screens.ts';

const CONNECTIONS = 16;
const BARS = { page_per_s: 0.5, board_per_s: 0.5, page_p50_1_ms: undefined, board_p50_1_ms: undefined };

export const queries = benchmark({
  name: 'queries',
  summary:
    'a page of opportunities and the board out of 200,000, beside hand-written SQL behind a bare route',
  run: context =>
    withDeals(context, async ({ app, bareUrl, pipelineId }) => {
      const size = context.quick
        ? { rounds: 1, warmUpMs: 500, milliseconds: 500 }
        : { rounds: 3, warmUpMs: 4_000, milliseconds: 6_000 };
      const pages = await pageScreens(app);
      const boards = [boardScreen(pipelineId)];
      await checkSame(app, bareUrl, [...pages, ...boards]);

      const sender = context.use(startWorker<RequestsJob, LoadFigures>('./requests.ts'));
      const under = async (url: URL, requests: readonly HttpRequest[]) => {
        const load = (connections: number, milliseconds: number) =>
          sender.ask({ url: url.href, requests, connections, milliseconds });
        await load(CONNECTIONS, size.warmUpMs);
        const many = await load(CONNECTIONS, size.milliseconds);
        const one = await load(1, size.milliseconds);
        return { perSecond: many.perSecond, p50: one.p50 };
      };
      const both = (how: 'graphql' | 'bare', url: URL) => async () => {
        const page = await under(
          url,
          pages.map(screen => screen[how]),
        );
        const board = await under(
          url,
          boards.map(screen => screen[how]),
        );
        const figures = {
          page_per_s: page.perSecond,
          board_per_s: board.perSecond,
          page_p50_1_ms: page.p50,
          board_p50_1_ms: board.p50,
        };
        context.say(`${how}: ${JSON.stringify(figures)}`);
        return figures;
      };
      const { floor, value } = await alternate(size.rounds, both('bare', bareUrl), both('graphql', app.url));
      await sender.close();
      return Object.entries(BARS).map(([name, bar]) => {
        const metric = name as keyof typeof BARS; // a key of it
        return { metric, value: value[metric], floor: floor[metric], ...(bar !== undefined && { bar }) };
      });
    }),
});
