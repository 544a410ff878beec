/** The same data folder in turns with the whole app on it, and with its projector left out. */

import { type App, startApp } from './app.ts';
import type { BenchContext } from './benchmark.ts';
import { askGraphql } from './graphqlClient.ts';

/** All roles, as `npm start` has them; begins when it is ready: everything that was appended before is visible then. */
export async function withWholeApp<T>(
  context: BenchContext,
  dataDir: string,
  work: (app: App) => Promise<T>,
): Promise<T> {
  const app = await startApp(context, { dataDir });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

/** The node with its API idle and no projector: what the floors of appending are measured on. */
export async function withProjectorPaused<T>(
  context: BenchContext,
  dataDir: string,
  work: (app: App) => Promise<T>,
): Promise<T> {
  const app = await startApp(context, { dataDir, roles: 'api' });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

/** What mutations need to know of the records that are there. */
export async function recordsOf({ url }: App) {
  type Nodes<T> = { readonly nodes: readonly T[] };
  const answer = await askGraphql<{
    readonly opportunities: Nodes<{ readonly id: string; readonly stage: { readonly id: string } }>;
    readonly accounts: Nodes<{ readonly id: string }>;
    readonly users: Nodes<{ readonly id: string }>;
    readonly pipelineBoard: {
      readonly columns: readonly { readonly stage: { readonly id: string; readonly category: string } }[];
    };
  }>(
    url,
    `{ opportunities(first: 500, filter: { status: { eq: open } }) { nodes { id stage { id } } }
       accounts(first: 100) { nodes { id } } users(first: 40) { nodes { id } }
       pipelineBoard { columns { stage { id category } } } }`,
  );
  return {
    targets: answer.opportunities.nodes.map(({ id, stage }) => ({ id, stageId: stage.id })),
    accountIds: answer.accounts.nodes.map(({ id }) => id),
    userIds: answer.users.nodes.map(({ id }) => id),
    stageIds: answer.pipelineBoard.columns
      .filter(({ stage }) => stage.category === 'open')
      .map(({ stage }) => stage.id),
  };
}
