/**
 * A process that sends GraphQL mutations as sellers do: it opens opportunities, moves them to other stages and changes
 * their amounts. Each connection works on records of its own, so nothing is refused.
 */
import { randomUUID } from 'node:crypto';
import { serve } from './child.ts';
import { type Connection, dataOf, graphqlRequest, openConnection } from './http.ts';
import { applyLoad, type LoadFigures } from './load.ts';

export type Target = { readonly id: string; readonly stageId: string };
export type MutationsJob = {
  readonly url: string;
  readonly connections: number;
  readonly milliseconds: number;
  readonly stageIds: readonly string[];
  readonly accountIds: readonly string[];
  readonly userIds: readonly string[];
  /** Open opportunities to begin with; shared out among the connections. */
  readonly targets: readonly Target[];
};

/** Selected in every mutation: what the write side answers by itself. */
const ANSWER = '{ id revision position }';
const OPEN = `mutation Open($input: OpenOpportunityInput!) { openOpportunity(input: $input) ${ANSWER} }`;
const MOVE = `mutation Move($input: MoveOpportunityToStageInput!) { moveOpportunityToStage(input: $input) ${ANSWER} }`;
const AMOUNT = `mutation Amount($input: ChangeOpportunityAmountInput!) { changeOpportunityAmount(input: $input) ${ANSWER} }`;

/** A connection goes on with at most so many of the opportunities that it has opened. */
const OWN = 200;

serve(async (job: MutationsJob): Promise<LoadFigures> => {
  const url = new URL(job.url);
  const connections = await Promise.all(Array.from({ length: job.connections }, () => openConnection(url)));
  const senders = connections.map((connection, i) => {
    const mine = job.targets.filter((_, j) => j % job.connections === i);
    return senderOf(connection, url, job, mine);
  });
  const figures = await applyLoad(senders, job.milliseconds);
  await Promise.all(connections.map(connection => connection.close()));
  return figures;
});

function senderOf(connection: Connection, url: URL, job: MutationsJob, targets: readonly Target[]) {
  const mine = targets.map(target => ({ ...target }));
  let sent = 0;

  const send = async (query: string, input: object): Promise<string> => {
    const request = graphqlRequest(url, query, { input: { ...input, commandId: randomUUID() } });
    const answer = dataOf<Record<string, { id: string }>>(await connection.send(request));
    return Object.values(answer)[0]?.id ?? '';
  };

  const open = async () => {
    const id = await send(OPEN, {
      name: 'Rollout for the northern region',
      accountId: pick(job.accountIds),
      ownerId: pick(job.userIds),
      stageId: job.stageIds[0],
      amount: amount(),
      closeDate: '2030-06-30',
      source: 'web',
    });
    const opened = { id, stageId: job.stageIds[0] ?? '' };
    if (mine.length < OWN) mine.push(opened);
    else mine[sent % OWN] = opened;
  };
  const move = async () => {
    const target = pick(mine);
    const to = pick(job.stageIds.filter(id => id !== target.stageId));
    await send(MOVE, { id: target.id, stageId: to });
    target.stageId = to;
  };
  const change = async () => {
    await send(AMOUNT, { id: pick(mine).id, amount: amount() });
  };

  return async (): Promise<void> => {
    sent += 1;
    if (mine.length === 0 || sent % 3 === 0) return open();
    return sent % 3 === 1 ? move() : change();
  };
}

const amount = () => ({ amount: `${1 + Math.floor(Math.random() * 1e9)}.00`, currency: 'EUR' });

function pick<T>(list: readonly T[]): T {
  const chosen = list[Math.floor(Math.random() * list.length)];
  if (chosen === undefined) throw new RangeError('nothing to pick from');
  return chosen;
}
