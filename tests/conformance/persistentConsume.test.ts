/** Consuming a persistent subscription to a stream, by https://docs.kurrent.io/clients/grpc/persistent-subscriptions.html */
import {
  binaryEvent,
  DISPATCH_TO_SINGLE,
  END,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionMaximumSubscribersReachedError,
  PINNED,
} from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import {
  ack,
  consume,
  keep,
  newGroup,
  newGroupOf,
  note,
  notes,
  numberOf,
  settings,
  untilInfo,
} from './persistentSupport.ts';
import { ids, newStream, paths, useEventStore } from './support.ts';

const store = useEventStore();
const upTo = (count: number, from = 0) => Array.from({ length: count - from }, (_, n) => from + n);

const link = (revision: number, stream: string) =>
  binaryEvent({ type: '$>', data: Buffer.from(`${revision}@${stream}`) });

/** Subscribes to a group of a stream. */
function join(of: { stream: string; group: string }, bufferSize = 10, answer = ack) {
  const { client } = store;
  return consume(
    client.subscribeToPersistentSubscriptionToStream(of.stream, of.group, { bufferSize }),
    answer,
  );
}

describe('where a persistent subscription begins', () => {
  it('at the start: what is there, then what comes', async () => {
    const of = await newGroupOf(store.client, 3);
    const consumer = join(of);
    await consumer.has(3);
    await store.client.appendToStream(of.stream, [note(3), note(4)]);
    await consumer.has(5);
    expect(consumer.numbers()).toEqual(upTo(5));
    await consumer.leave();
  });

  it('at a revision, which is the first that it gives', async () => {
    const consumer = join(await newGroupOf(store.client, 5, { startFrom: 3n }));
    await consumer.has(2);
    expect(consumer.numbers()).toEqual([3, 4]);
    await consumer.leave();
  });

  it('at the end: what comes after it was made', async () => {
    const of = await newGroupOf(store.client, 5, { startFrom: END });
    await store.client.appendToStream(of.stream, [note(5)]);
    const consumer = join(of);
    await store.client.appendToStream(of.stream, [note(6)]);
    await consumer.has(2);
    expect(consumer.numbers()).toEqual([5, 6]);
    await consumer.leave();
  });

  it('with a stream that is not there yet', async () => {
    const of = await newGroupOf(store.client, 0);
    const consumer = join(of);
    await consumer.confirmed;
    await store.client.appendToStream(of.stream, notes(2));
    await consumer.has(2);
    expect(consumer.numbers()).toEqual([0, 1]);
    await consumer.leave();
  });
});

describe('a consumer', () => {
  it.each(paths)('is confirmed with the name of the group ($path)', async ({ options }) => {
    const { stream, group } = await newGroupOf(store.client, 1);
    const consumer = consume(store.client.subscribeToPersistentSubscriptionToStream(stream, group, options));
    const [first] = await consumer.has(1);
    expect(consumer.subscription.id).toBe(`${stream}::${group}`);
    expect(first).toMatchObject({
      retryCount: 0,
      event: { streamId: stream, revision: 0n, type: 'NumberNoted' },
    });
    await consumer.leave();
  });

  it('has no more at a time than its buffer size', async () => {
    const of = await newGroupOf(store.client, 10);
    const consumer = join(of, 3, keep);
    await consumer.has(3);
    await untilInfo(store.client, of, { totalInFlightMessages: 3, outstandingMessagesCount: 3 });
    expect(consumer.numbers()).toEqual([0, 1, 2]);
    await consumer.subscription.ack(consumer.events[1]!);
    await consumer.has(4);
    expect(consumer.numbers()).toEqual([0, 1, 2, 3]);
    await consumer.leave();
  });

  it('may ack several events at once', async () => {
    const of = await newGroupOf(store.client, 9);
    const consumer = join(of, 3, keep);
    await consumer.subscription.ack(...(await consumer.has(3)));
    await consumer.has(6);
    expect(consumer.numbers()).toEqual(upTo(6));
    await consumer.leave();
  });

  it('gets thousands of events in order, and no more of them when it comes again', async () => {
    const of = await newGroupOf(store.client, 2_000, { checkPointUpperBound: 100 });
    const consumer = join(of, 50);
    await consumer.has(2_000);
    expect(consumer.numbers()).toEqual(upTo(2_000));
    await untilInfo(store.client, of, { totalInFlightMessages: 0, totalItems: 2_000n });
    await consumer.leave();
    const again = join(of);
    await store.client.appendToStream(of.stream, [note(2_000)]);
    await again.has(1);
    expect(again.numbers()).toEqual([2_000]);
    await again.leave();
  });

  it('that leaves loses what it has not answered to another, which is told so', async () => {
    const of = await newGroupOf(store.client, 3);
    const first = join(of, 10, keep);
    await first.has(3);
    await first.subscription.ack(first.events[0]!);
    await untilInfo(store.client, of, { totalInFlightMessages: 2 });
    await first.leave();
    const second = join(of);
    const events = await second.has(2);
    expect(events.map(event => [numberOf(event), event.retryCount])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    await second.leave();
  });

  it('of a group that is not there is refused', async () => {
    const [stream, group] = [newStream(), newGroup()];
    const failure = await join({ stream, group }).failure();
    expect(failure).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
    expect(failure).toMatchObject({ streamName: stream, groupName: group });
  });

  it('beyond the most that are allowed is refused, until one leaves', async () => {
    const of = await newGroupOf(store.client, 0, { maxSubscriberCount: 1 });
    const first = join(of);
    await first.confirmed;
    const failure = await join(of).failure();
    expect(failure).toBeInstanceOf(PersistentSubscriptionMaximumSubscribersReachedError);
    expect(failure).toMatchObject({ streamName: of.stream, groupName: of.group });
    await first.leave();
    await expect
      .poll(
        async () =>
          (await store.client.getPersistentSubscriptionToStreamInfo(of.stream, of.group)).connections,
      )
      .toEqual([]);
    const second = join(of);
    await second.confirmed;
    await second.leave();
  });
});

describe('several consumers of a group', () => {
  it('get each event once between them, while it is written to', async () => {
    const of = await newGroupOf(store.client, 100);
    const consumers = [1, 10, 20].map(bufferSize => join(of, bufferSize));
    for (let n = 100; n < 1_000; n += 50) {
      await store.client.appendToStream(
        of.stream,
        Array.from({ length: 50 }, (_, more) => note(n + more)),
      );
    }
    const total = () => consumers.flatMap(consumer => consumer.numbers());
    await expect.poll(() => total().length, { timeout: 10_000 }).toBe(1_000);
    expect(total().sort((a, b) => a - b)).toEqual(upTo(1_000));
    for (const consumer of consumers) await consumer.leave();
  });

  it('take turns with RoundRobin', async () => {
    const of = await newGroupOf(store.client, 0);
    const consumers = [join(of), join(of)];
    await Promise.all(consumers.map(({ confirmed }) => confirmed));
    await store.client.appendToStream(of.stream, notes(6));
    await Promise.all(consumers.map(consumer => consumer.has(3)));
    expect(consumers.map(consumer => consumer.numbers()).sort()).toEqual([
      [0, 2, 4],
      [1, 3, 5],
    ]);
    for (const consumer of consumers) await consumer.leave();
  });

  it('wait with DispatchToSingle until the one before has enough', async () => {
    const of = await newGroupOf(store.client, 0, { consumerStrategyName: DISPATCH_TO_SINGLE });
    const first = join(of, 3, keep);
    await first.confirmed;
    const second = join(of, 3, keep);
    await second.confirmed;
    await store.client.appendToStream(of.stream, notes(5));
    await first.has(3);
    await second.has(2);
    expect([first.numbers(), second.numbers()]).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
    await first.leave();
    await second.leave();
  });

  it('each keep the streams that they have begun with Pinned', async () => {
    const sources = Array.from({ length: 60 }, newStream);
    const of = await newGroupOf(store.client, 0, { consumerStrategyName: PINNED, resolveLinkTos: true });
    for (const source of sources) await store.client.appendToStream(source, notes(3));
    const consumers = [join(of), join(of), join(of)];
    await Promise.all(consumers.map(({ confirmed }) => confirmed));
    for (const revision of [0, 1, 2]) {
      await store.client.appendToStream(
        of.stream,
        sources.map(source => link(revision, source)),
      );
    }
    await expect.poll(() => consumers.flatMap(({ events }) => events).length).toBe(180);
    const streamsOf = consumers.map(({ events }) => new Set(events.map(({ event }) => event?.streamId)));
    expect(streamsOf.reduce((sum, { size }) => sum + size, 0)).toBe(sources.length);
    for (const { size } of streamsOf) expect(size).toBeGreaterThan(0);
    for (const { events } of consumers) {
      for (const source of sources) {
        const mine = events.filter(({ event }) => event?.streamId === source);
        expect(mine.map(numberOf)).toEqual(mine.length > 0 ? [0, 1, 2] : []);
      }
    }
    for (const consumer of consumers) await consumer.leave();
  });
});

describe('links', () => {
  it('are followed when the group says so', async () => {
    const source = newStream();
    const written = notes(2);
    await store.client.appendToStream(source, written);
    const of = await newGroupOf(store.client, 0, { resolveLinkTos: true });
    await store.client.appendToStream(of.stream, [link(1, source), link(9, source), link(0, source)]);
    const consumer = join(of);
    const events = await consumer.has(3);
    expect(ids(events)).toEqual([written[1]?.id, undefined, written[0]?.id]);
    expect(events.map(event => event.link?.revision)).toEqual([0n, 1n, 2n]);
    await untilInfo(store.client, of, { totalInFlightMessages: 0 });
    await consumer.leave();
  });

  it('are events like others when it does not', async () => {
    const source = newStream();
    const of = await newGroupOf(store.client, 0, settings());
    await store.client.appendToStream(of.stream, [link(0, source)]);
    const consumer = join(of);
    const [event] = await consumer.has(1);
    expect(event).toMatchObject({ event: { type: '$>', streamId: of.stream } });
    expect(event?.link).toBeUndefined();
    await consumer.leave();
  });
});
