/** Records to send commands to, and a look at what is in the log. */
import type { LogEvent, MemoryEventStore } from '../../support/memoryEventStore.ts';
import { eur, STAGES } from '../../support/sales.ts';
import { carriedOut, type WriteSide } from '../../support/writeSide.ts';

export const streamOf = (category: string, id: string, workspaceId = 'main') =>
  `${category}-${workspaceId}.${id}`;

export const types = (events: readonly LogEvent[]) => events.map(({ type }) => type);
export const commandIds = (events: readonly LogEvent[]) =>
  events.map(({ metadata }) => (metadata as { commandId: string }).commandId);

/** An account called First. */
export async function registered({ send }: Pick<WriteSide, 'send'>, commandId = 'first') {
  const { id } = await carriedOut(send('registerAccount', { name: 'First' }, { commandId }));
  return { id, stream: streamOf('account', id) };
}

/** An open opportunity of 500 EUR in a pipeline of its own, which is the default one. */
export async function opened({ send }: Pick<WriteSide, 'send'>) {
  const pipeline = await carriedOut(send('definePipeline', { name: 'Sales', stages: STAGES }));
  await carriedOut(send('chooseDefaultPipeline', { pipelineId: pipeline.id }));
  const { id } = await carriedOut(send('openOpportunity', { name: 'Big deal', amount: eur('500') }));
  return { id, stream: streamOf('opportunity', id), pipelineId: pipeline.id };
}

export const user = async ({ send }: Pick<WriteSide, 'send'>, commandId: string) =>
  (await carriedOut(send('inviteUser', { name: commandId }, { commandId }))).id;

export const asked = ({ calls }: MemoryEventStore, kind: 'append' | 'read', stream: string) =>
  calls.filter(call => call.kind === kind && call.stream === stream);

/** What is asked of the store while something happens. */
export async function callsDuring<T>({ calls }: MemoryEventStore, work: () => Promise<T>) {
  const before = calls.length;
  const answer = await work();
  return { answer, calls: calls.slice(before).map(({ kind, stream }) => `${kind} ${stream}`) };
}
