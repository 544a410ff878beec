/** A process that changes a record and then asks for it, as a screen does: one thing after the other, on one connection. */
import { serve } from './child.ts';
import { dataOf, graphqlRequest, openConnection } from './http.ts';
import { median } from './rounds.ts';

export type VisitsJob = {
  readonly url: string;
  readonly ids: readonly string[];
  readonly milliseconds: number;
};
/** Medians. */
export type VisitsFigures = { readonly mutation_ms: number; readonly visible_ms: number };

const CHANGE = `mutation Change($input: ChangeOpportunityAmountInput!) { changeOpportunityAmount(input: $input) { id revision position } }`;
const SEE = 'query See($id: ID!, $after: Position!) { opportunity(id: $id, after: $after) { id revision } }';

type Changed = { readonly changeOpportunityAmount: { readonly revision: number; readonly position: string } };
type Seen = { readonly opportunity: { readonly revision: number } | null };

serve(async ({ url: text, ids, milliseconds }: VisitsJob): Promise<VisitsFigures> => {
  const url = new URL(text);
  const connection = await openConnection(url);
  const mutations: number[] = [];
  const visible: number[] = [];
  const until = performance.now() + milliseconds;
  for (let i = 0; performance.now() < until; i++) {
    const id = ids[i % ids.length];
    const input = { id, amount: { amount: `${1 + Math.floor(Math.random() * 1e9)}.00`, currency: 'EUR' } };
    const sent = performance.now();
    const { changeOpportunityAmount: changed } = dataOf<Changed>(
      await connection.send(graphqlRequest(url, CHANGE, { input })),
    );
    const answered = performance.now();
    const seen = dataOf<Seen>(
      await connection.send(graphqlRequest(url, SEE, { id, after: changed.position })),
    );
    const shown = performance.now();
    if (seen.opportunity?.revision !== changed.revision)
      throw new Error('a query with `after` showed an older record');
    mutations.push(answered - sent);
    visible.push(shown - answered);
  }
  await connection.close();
  return { mutation_ms: median(mutations), visible_ms: median(visible) };
});
