/**
 * A board, a list page and a record as of a day in the middle of the log, and as it was known on it, each beside the
 * same of today. The board as of that day must be what the plainest SQL over the history says.
 */
import { benchmark } from './support/benchmark.ts';
import { startWorker } from './support/child.ts';
import { withDeals } from './support/deals.ts';
import { BEGINS, ENDS } from './support/generate.ts';
import { askGraphql } from './support/graphqlClient.ts';
import type { LoadFigures } from './support/load.ts';
import type { RequestsJob } from './support/requests.ts';
import { alternate } from './support/rounds.ts';
import { type At, boardAt, boardScreen, checkSame, pageAt, recordAt } from './support/screens.ts';

const MIDDLE = new Date((BEGINS + ENDS) / 2).toISOString().slice(0, 10);
const ASKED = { today: {}, as_of: { asOf: MIDDLE }, known_at: { knownAt: MIDDLE } } satisfies Record<
  string,
  At
>;
const BAR = 2;

export const timetravel = benchmark({
  name: 'timetravel',
  summary: 'a board, a list page and a record as of a day amid 1,000,000 events, beside the same of today',
  run: context =>
    withDeals(context, async ({ app, bareUrl, pipelineId }) => {
      const size = context.quick ? { rounds: 1, milliseconds: 300 } : { rounds: 5, milliseconds: 3_000 };
      await checkSame(app, bareUrl, [boardScreen(pipelineId, MIDDLE)]);
      const records = await recordsOf(app.url);
      const screens = {
        board: (at: At) => [boardAt(pipelineId, at)],
        page: (at: At) => [pageAt(at)],
        record: (at: At) => records.map(id => recordAt(id, at)),
      };

      const sender = context.use(startWorker<RequestsJob, LoadFigures>('./requests.ts'));
      const measured = async (at: At) => {
        const figures: Record<string, number> = {};
        for (const [name, requestsAt] of Object.entries(screens)) {
          const load = (milliseconds: number) =>
            sender.ask({ url: app.url.href, requests: requestsAt(at), connections: 1, milliseconds });
          await load(size.milliseconds / 4);
          figures[name] = (await load(size.milliseconds)).p50;
        }
        return figures;
      };
      const { floor, value } = await alternate(
        size.rounds,
        () => measured(ASKED.today),
        async () => ({
          ...named('as_of', await measured(ASKED.as_of)),
          ...named('known_at', await measured(ASKED.known_at)),
        }),
      );
      await sender.close();
      return Object.entries(value).map(([name, ms]) => {
        const [screen = ''] = name.split('_');
        const today = floor[screen];
        return { metric: `${name}_ms`, value: ms, ...(today !== undefined && { floor: today }), bar: BAR };
      });
    }),
});

const named = (how: string, figures: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(figures).map(([screen, ms]) => [`${screen}_${how}`, ms]));

/** Of that day, with all that has happened to them since. */
async function recordsOf(url: URL): Promise<readonly string[]> {
  type Answer = { readonly opportunities: { readonly nodes: readonly { readonly id: string }[] } };
  const { opportunities } = await askGraphql<Answer>(
    url,
    'query Records($asOf: Moment) { opportunities(first: 200, asOf: $asOf) { nodes { id } } }',
    { asOf: MIDDLE },
  );
  return opportunities.nodes.map(({ id }) => id);
}
