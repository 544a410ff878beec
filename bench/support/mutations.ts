/** A process that sends GraphQL mutations, each connection on records of its own, so that none waits for another. */
import { serve } from './child.ts';
import { type Connection, dataOf, graphqlRequest, openConnection } from './http.ts';
import { applyLoad, type LoadFigures } from './load.ts';
import { DEALING, type Records, type Step, seller } from './seller.ts';

export type MutationsJob = Records & {
  readonly url: string;
  readonly connections: number;
  readonly milliseconds: number;
};

serve(async (job: MutationsJob): Promise<LoadFigures> => {
  const url = new URL(job.url);
  const connections = await Promise.all(Array.from({ length: job.connections }, () => openConnection(url)));
  const senders = connections.map((connection, i) => {
    const targets = job.targets.filter((_, j) => j % job.connections === i);
    return senderOf(connection, url, seller(DEALING, { ...job, targets }));
  });
  const figures = await applyLoad(senders, job.milliseconds);
  await Promise.all(connections.map(connection => connection.close()));
  return figures;
});

function senderOf(connection: Connection, url: URL, nextStep: () => Step) {
  return async (): Promise<void> => {
    const { query, variables, done } = nextStep();
    const answer = dataOf<Record<string, { id: string }>>(
      await connection.send(graphqlRequest(url, query, variables)),
    );
    done(Object.values(answer)[0]?.id ?? '');
  };
}
