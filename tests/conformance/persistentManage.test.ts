/** Making, changing, deleting and looking at groups, by https://docs.kurrent.io/clients/grpc/persistent-subscriptions.html */
import {
  DISPATCH_TO_SINGLE,
  END,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionDroppedError,
  PersistentSubscriptionExistsError,
  PersistentSubscriptionFailedError,
  PINNED,
  ROUND_ROBIN,
  START,
  UNBOUNDED,
} from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import {
  consume,
  keep,
  newGroup,
  newGroupOf,
  note,
  settings,
  untilCheckpoint,
  untilInfo,
} from './persistentSupport.ts';
import { newStream, paths, rejection, useEventStore } from './support.ts';

const store = useEventStore();

/** None of them the default. */
const UNUSUAL = settings({
  startFrom: 7n,
  resolveLinkTos: true,
  extraStatistics: true,
  messageTimeout: 12_345,
  maxRetryCount: 3,
  checkPointAfter: 4_321,
  checkPointLowerBound: 11,
  checkPointUpperBound: 22,
  maxSubscriberCount: 5,
  liveBufferSize: 33,
  readBatchSize: 44,
  historyBufferSize: 55,
  consumerStrategyName: PINNED,
});

describe.each(paths)('a group ($path)', ({ options }) => {
  const infoOf = (stream: string, group: string) =>
    store.client.getPersistentSubscriptionToStreamInfo(stream, group, options);

  it('is made with its settings, for a stream that needs not be there', async () => {
    const [stream, group] = [newStream(), newGroup()];
    await store.client.createPersistentSubscriptionToStream(stream, group, UNUSUAL, options);
    expect(await infoOf(stream, group)).toMatchObject({
      eventSource: stream,
      groupName: group,
      settings: UNUSUAL,
      connections: [],
    });
    await expect.poll(async () => (await infoOf(stream, group)).status).toBe('Live');
  });

  it.each([
    { startFrom: START, consumerStrategyName: ROUND_ROBIN, maxSubscriberCount: UNBOUNDED },
    { startFrom: END, consumerStrategyName: DISPATCH_TO_SINGLE, maxSubscriberCount: 1 },
  ] as const)('says as it was told: $startFrom, $consumerStrategyName', async changes => {
    const [stream, group] = [newStream(), newGroup()];
    await store.client.createPersistentSubscriptionToStream(stream, group, settings(changes), options);
    expect((await infoOf(stream, group)).settings).toEqual(settings(changes));
  });

  it('can be made once', async () => {
    const { stream, group } = await newGroupOf(store.client, 0);
    const error = await rejection(
      store.client.createPersistentSubscriptionToStream(stream, group, settings(), options),
    );
    expect(error).toBeInstanceOf(PersistentSubscriptionExistsError);
    expect(error).toMatchObject({
      type: 'persistent-subscription-exists',
      code: 6,
      streamName: stream,
      groupName: group,
    });
    await store.client.createPersistentSubscriptionToStream(stream, newGroup(), settings(), options);
  });

  it('is refused when a batch does not fit into the buffer', async () => {
    const [stream, group] = [newStream(), newGroup()];
    const error = await rejection(
      store.client.createPersistentSubscriptionToStream(
        stream,
        group,
        settings({ readBatchSize: 20, historyBufferSize: 20 }),
        options,
      ),
    );
    expect(error).toBeInstanceOf(PersistentSubscriptionFailedError);
    expect(error).toMatchObject({
      type: 'persistent-subscription-failed',
      streamName: stream,
      groupName: group,
    });
    expect(error).toHaveProperty('reason', expect.stringContaining('ReadBatchSize may not be greater than'));
    expect(await rejection(infoOf(stream, group))).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
  });

  it('of a stream called $all is refused: that has calls of its own', async () => {
    const group = newGroup();
    // The server stumbles over it and answers UNKNOWN; the embedded one says which calls to use.
    await rejection(store.client.createPersistentSubscriptionToStream('$all', group, settings(), options));
    const toAll = await store.client.listAllPersistentSubscriptions(options);
    expect(toAll.map(({ groupName }) => groupName)).not.toContain(group);
  });

  it('can be changed, and drops who is subscribed', async () => {
    const { stream, group } = await newGroupOf(store.client, 2);
    const consumer = consume(
      store.client.subscribeToPersistentSubscriptionToStream(stream, group, options),
      keep,
    );
    await consumer.has(2);
    await store.client.updatePersistentSubscriptionToStream(stream, group, UNUSUAL, options);
    const failure = await consumer.failure();
    expect(failure).toBeInstanceOf(PersistentSubscriptionDroppedError);
    expect(failure).toMatchObject({
      type: 'persistent-subscription-dropped',
      streamName: stream,
      groupName: group,
    });
    expect((await infoOf(stream, group)).settings).toEqual(UNUSUAL);
  });

  it('can be deleted, and drops who is subscribed', async () => {
    const { stream, group } = await newGroupOf(store.client, 0);
    const consumer = consume(store.client.subscribeToPersistentSubscriptionToStream(stream, group, options));
    await consumer.confirmed;
    await store.client.deletePersistentSubscriptionToStream(stream, group, options);
    expect(await consumer.failure()).toBeInstanceOf(PersistentSubscriptionDroppedError);
    expect(await rejection(infoOf(stream, group))).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
  });

  it.each([
    [
      'changed',
      (stream: string, group: string) =>
        store.client.updatePersistentSubscriptionToStream(stream, group, settings(), options),
    ],
    [
      'deleted',
      (stream: string, group: string) =>
        store.client.deletePersistentSubscriptionToStream(stream, group, options),
    ],
    ['looked at', infoOf],
    [
      'replayed',
      (stream: string, group: string) => store.client.replayParkedMessagesToStream(stream, group, options),
    ],
  ] as const)('that is not there can not be %s', async (_, call) => {
    const { stream } = await newGroupOf(store.client, 0);
    for (const of of [stream, newStream()]) {
      const error = await rejection(call(of, 'nobody'));
      expect(error).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
      expect(error).toMatchObject({
        type: 'persistent-subscription-does-not-exist',
        code: 5,
        streamName: of,
        groupName: 'nobody',
      });
    }
  });
});

describe('a group that was deleted and made again', () => {
  it('begins afresh', async () => {
    const of = await newGroupOf(store.client, 3, { checkPointUpperBound: 1, maxRetryCount: 0 });
    const before = consume(
      store.client.subscribeToPersistentSubscriptionToStream(of.stream, of.group),
      (event, subscription) =>
        event.event?.revision === 1n ? subscription.nack('park', 'not now', event) : subscription.ack(event),
    );
    await before.has(3);
    await untilInfo(store.client, of, { lastCheckpointedEventRevision: 2n, parkedMessageCount: 1n });
    await store.client.deletePersistentSubscriptionToStream(of.stream, of.group);
    await store.client.createPersistentSubscriptionToStream(of.stream, of.group, settings());
    const { stats } = await store.client.getPersistentSubscriptionToStreamInfo(of.stream, of.group);
    expect(stats).toMatchObject({ lastCheckpointedEventRevision: undefined, parkedMessageCount: 0n });
    const after = consume(store.client.subscribeToPersistentSubscriptionToStream(of.stream, of.group));
    await after.has(3);
    expect(after.numbers()).toEqual([0, 1, 2]);
    await after.leave();
  });
});

describe('a group that was changed', () => {
  it('goes on after its checkpoint, with what was not answered', async () => {
    const of = await newGroupOf(store.client, 5, { checkPointUpperBound: 1 });
    const before = consume(store.client.subscribeToPersistentSubscriptionToStream(of.stream, of.group), keep);
    await before.subscription.ack(...(await before.has(5)).slice(0, 2));
    await untilCheckpoint(store.client, of, 1n);
    await store.client.updatePersistentSubscriptionToStream(of.stream, of.group, settings({ startFrom: 0n }));
    const after = consume(store.client.subscribeToPersistentSubscriptionToStream(of.stream, of.group));
    await after.has(3);
    expect(after.numbers()).toEqual([2, 3, 4]);
    await after.leave();
  });
});

describe('a group tells', () => {
  it('what waits, what is in flight, and who takes it', async () => {
    const of = await newGroupOf(store.client, 10, { extraStatistics: true });
    await untilInfo(store.client, of, { readBufferCount: 10, totalItems: 0n, lastKnownEventRevision: 9n });
    const consumer = consume(
      store.client.subscribeToPersistentSubscriptionToStream(of.stream, of.group, { bufferSize: 4 }),
      keep,
    );
    const [first] = await consumer.has(4);
    await untilInfo(store.client, of, {
      readBufferCount: 6,
      totalInFlightMessages: 4,
      outstandingMessagesCount: 4,
      totalItems: 4n,
      parkedMessageCount: 0n,
      retryBufferCount: 0,
    });
    await consumer.subscription.ack(first!);
    await consumer.has(5);
    const { connections } = await store.client.getPersistentSubscriptionToStreamInfo(of.stream, of.group);
    expect(connections).toHaveLength(1);
    expect(connections[0]).toMatchObject({
      connectionName: store.client.connectionName,
      username: 'system',
      availableSlots: 0,
      inFlightMessages: 4,
      totalItems: 5n,
    });
    expect([...(connections[0]?.extraStatistics ?? new Map()).keys()]).toEqual([
      'mean',
      'median',
      'fastest',
      ...[1, 2, 3, 4, 5].map(n => `quintile ${n}`),
      '90%',
      '95%',
      '99%',
      '99.5%',
      '99.9%',
      'highest',
    ]);
    await consumer.leave();
  });

  it('that it is behind while more is there than it may hold', async () => {
    const of = await newGroupOf(store.client, 50, { historyBufferSize: 10, readBatchSize: 5 });
    const info = async () => store.client.getPersistentSubscriptionToStreamInfo(of.stream, of.group);
    await expect.poll(async () => (await info()).stats.readBufferCount).toBeGreaterThan(0);
    expect((await info()).stats.readBufferCount).toBeLessThanOrEqual(10);
    expect((await info()).status).toContain('Behind');
    const consumer = consume(store.client.subscribeToPersistentSubscriptionToStream(of.stream, of.group));
    await consumer.has(50);
    await expect.poll(async () => (await info()).status).toBe('Live');
    await consumer.leave();
  });
});

describe('a list', () => {
  it('of a stream has its groups and no others', async () => {
    const { stream, group } = await newGroupOf(store.client, 0);
    await newGroupOf(store.client, 0);
    const second = newGroup();
    await store.client.createPersistentSubscriptionToStream(stream, second, UNUSUAL);
    const groups = await store.client.listPersistentSubscriptionsToStream(stream);
    expect(groups.map(({ groupName }) => groupName).sort()).toEqual([group, second].sort());
    expect(groups.find(({ groupName }) => groupName === second)?.settings).toEqual(UNUSUAL);
  });

  it('of a stream that never had one fails', async () => {
    const stream = newStream();
    const error = await rejection(store.client.listPersistentSubscriptionsToStream(stream));
    expect(error).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
    expect(error).toMatchObject({ streamName: stream, groupName: '' });
  });

  it('of all has those of streams and of $all', async () => {
    const { stream, group } = await newGroupOf(store.client, 0);
    const toAll = newGroup();
    await store.client.createPersistentSubscriptionToAll(toAll, {
      ...settings(),
      startFrom: END,
    });
    const all = await store.client.listAllPersistentSubscriptions();
    const named = all.map(({ eventSource, groupName }) => `${eventSource}::${groupName}`);
    expect(named).toEqual(expect.arrayContaining([`${stream}::${group}`, `$all::${toAll}`]));
    expect(
      (await store.client.listPersistentSubscriptionsToAll()).map(({ groupName }) => groupName),
    ).toContain(toAll);
    await store.client.deletePersistentSubscriptionToAll(toAll);
    expect(
      (await store.client.listPersistentSubscriptionsToAll()).map(({ groupName }) => groupName),
    ).not.toContain(toAll);
  });
});

it('a checkpoint moves with what is done, never past what is not', async () => {
  const of = await newGroupOf(store.client, 5, { checkPointUpperBound: 1 });
  const consumer = consume(store.client.subscribeToPersistentSubscriptionToStream(of.stream, of.group), keep);
  const [first, second, third] = await consumer.has(5);
  await consumer.subscription.ack(first!);
  await untilInfo(store.client, of, { lastCheckpointedEventRevision: 0n });
  await consumer.subscription.ack(third!);
  await untilInfo(store.client, of, { totalInFlightMessages: 3, lastCheckpointedEventRevision: 0n });
  await consumer.subscription.ack(second!);
  await untilInfo(store.client, of, { lastCheckpointedEventRevision: 2n });
  await consumer.leave();
});

it('a checkpoint comes by the clock too, when enough is done', async () => {
  const of = await newGroupOf(store.client, 3, { checkPointAfter: 100, checkPointLowerBound: 2 });
  const consumer = consume(store.client.subscribeToPersistentSubscriptionToStream(of.stream, of.group), keep);
  // At once, or the clock might find one too few at the end.
  await consumer.subscription.ack(...(await consumer.has(3)));
  await untilInfo(store.client, of, { lastCheckpointedEventRevision: 2n });
  await store.client.appendToStream(of.stream, [note(3), note(4)]);
  await consumer.subscription.ack(...(await consumer.has(5)).slice(3));
  await untilInfo(store.client, of, { lastCheckpointedEventRevision: 4n });
  await consumer.leave();
});
