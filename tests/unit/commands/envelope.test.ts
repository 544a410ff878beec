/** What each event says of its command, and how events hold on to those before them. */
import { expect, test } from 'vitest';
import { singletonId } from '../../../src/commands/wish.ts';
import type { Envelope } from '../../../src/eventstore/envelope.ts';
import { streamHash } from '../../../src/eventstore/hash.ts';
import { expectWholeChain } from '../../support/chain.ts';
import { NOW } from '../../support/decider.ts';
import { ANN } from '../../support/ids.ts';
import { type LogEvent, memoryEventStore } from '../../support/memoryEventStore.ts';
import { eur } from '../../support/sales.ts';
import { carriedOut, writeSide } from '../../support/writeSide.ts';
import { opened, registered, streamOf } from './support.ts';

const envelopes = (events: readonly LogEvent[]) => events.map(({ metadata }) => metadata as Envelope);

test('says who sent it, by which command, why, when and where', async () => {
  const store = memoryEventStore();
  const { dispatch } = writeSide(store.connect(), { now: () => new Date(NOW) });
  const actor = { type: 'apiKey', id: 'shop' } as const;
  const request = {
    name: 'registerAccount',
    input: { name: 'A' },
    commandId: 'c-1',
    occurredAt: '2017-01-01T00:00:00Z',
  };
  await carriedOut(
    dispatch(
      { ...request, correlationId: 'order-7', causationId: 'mail-3' },
      { workspaceId: 'shop-1', actor },
    ),
  );
  const [event] = store.log();
  expect(event?.streamId).toMatch(/^account-shop-1\.[0-9a-f]{8}-[0-9a-f]{4}-8/);
  expect(event?.metadata).toEqual({
    eventVersion: 1,
    workspaceId: 'shop-1',
    actor,
    commandId: 'c-1',
    inputHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    $correlationId: 'order-7',
    $causationId: 'mail-3',
    occurredAt: '2017-01-01T00:00:00.000Z',
    recordedAt: NOW,
    prevHash: streamHash(event?.streamId ?? ''),
  });
});

test('a command that nothing caused is its own cause', async () => {
  const store = memoryEventStore();
  await registered(writeSide(store.connect()));
  expect(envelopes(store.log())).toMatchObject([
    { commandId: 'first', $correlationId: 'first', $causationId: 'first' },
  ]);
});

test('the streams that a decision looked at stand in its events, with their revisions', async () => {
  const store = memoryEventStore();
  const here = writeSide(store.connect());
  const { id, stream, pipelineId } = await opened(here);
  const pipeline = streamOf('pipeline', pipelineId);
  const settings = streamOf('workspace', singletonId('main', 'workspace'));
  await carriedOut(here.send('changePipelineDetails', { name: 'Renamed' }, { id: pipelineId }));
  await carriedOut(here.send('winOpportunity', {}, { id }));
  await carriedOut(here.send('tagOpportunity', { tags: ['vip'] }, { id }));
  expect(envelopes(store.stream(stream)).map(({ facts }) => facts)).toEqual([
    { [settings]: 0, [pipeline]: 0 },
    { [pipeline]: 1 },
    undefined,
  ]);
});

test('each event carries the hash of the one before it, over commands, processes and several events of one command', async () => {
  const store = memoryEventStore();
  const [here, there] = [writeSide(store.connect()), writeSide(store.connect(), { cacheSize: 0 })];
  const { id, stream } = await opened(here);
  const { id: productId } = await carriedOut(there.send('introduceProduct', { name: 'Widget' }));
  await carriedOut(here.send('addOpportunityLine', { productId, unitPrice: eur('7') }, { id }));
  await carriedOut(there.send('winOpportunity', {}, { id }));
  await carriedOut(here.send('reopenOpportunity', {}, { id }));
  const events = store.stream(stream);
  expect(events).toHaveLength(5);
  expectWholeChain(events);
  expect(new Set(envelopes(events).map(({ commandId }) => commandId)).size).toBe(4);
});

test('the hash of an input does not tell the input', async () => {
  const [one, two] = [memoryEventStore(), memoryEventStore()];
  for (const [store, name] of [
    [one, 'A'],
    [two, 'B'],
  ] as const)
    await carriedOut(writeSide(store.connect()).send('registerAccount', { name }, { commandId: 'c' }));
  const [a, b] = [one, two].map(store => envelopes(store.log())[0]);
  expect(a?.inputHash).not.toBe(b?.inputHash);
  expect(a?.commandId).toBe(b?.commandId);
  expect(JSON.stringify(a), 'nothing of the data stands in the envelope').not.toContain('"A"');
});

test('the id of a record’s part follows from its command', async () => {
  const store = memoryEventStore();
  const here = writeSide(store.connect());
  const { id } = await opened(here);
  const { id: productId } = await carriedOut(here.send('introduceProduct', { name: 'Widget' }));
  for (const commandId of ['l-1', 'l-2'])
    await carriedOut(here.send('addOpportunityLine', { productId }, { id, commandId }));
  const lines = store
    .log()
    .slice(-2)
    .map(({ data }) => (data as { line: { lineId: string } }).line.lineId);
  expect(new Set(lines).size).toBe(2);
  expect(envelopes(store.log()).at(-1)?.actor).toEqual({ type: 'user', id: ANN });
});
