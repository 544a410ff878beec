/** What becomes of events that a consumer can't take, by https://docs.kurrent.io/clients/grpc/persistent-subscriptions.html#nack */
import {
  binaryEvent,
  PersistentSubscriptionFailedError,
  type ResolvedEvent,
  StreamNotFoundError,
} from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import {
  ack,
  type Consumer,
  consume,
  type Given,
  keep,
  newGroup,
  newGroupOf,
  note,
  notes,
  numberOf,
  settings,
  untilInfo,
} from './persistentSupport.ts';
import { all, ids, newStream, rejection, revisions, useEventStore } from './support.ts';

const store = useEventStore();
type Of = { readonly stream: string; readonly group: string };
type Answer = Parameters<typeof consume>[1];

const join = ({ stream, group }: Of, answer?: Answer): Consumer =>
  consume(store.client.subscribeToPersistentSubscriptionToStream(stream, group), answer);

const tries = (events: readonly Given[]) => events.map(event => [numberOf(event), event.retryCount]);
const parkedStream = ({ stream, group }: Of) => `$persistentsubscription-${stream}::${group}-parked`;
const readParked = (of: Of): Promise<ResolvedEvent[]> =>
  all(store.client.readStream(parkedStream(of), { resolveLinkTos: true }));
const replay = ({ stream, group }: Of, stopAt?: number) =>
  store.client.replayParkedMessagesToStream(stream, group, stopAt === undefined ? {} : { stopAt });

/** Parks what has these numbers, acks the others. */
const parking =
  (...numbers: readonly number[]): Answer =>
  (event, subscription) =>
    numbers.includes(numberOf(event))
      ? subscription.nack('park', `no ${numberOf(event)}`, event)
      : subscription.ack(event);

/** A group with so many parked events, the numbers from 0 on. */
async function newParked(count: number): Promise<Of> {
  const of = await newGroupOf(store.client, count);
  const consumer = join(of, (event, subscription) => subscription.nack('park', 'later', event));
  await consumer.has(count);
  await untilInfo(store.client, of, { parkedMessageCount: BigInt(count) });
  await consumer.leave();
  return of;
}

describe('an event', () => {
  it('that is nacked with “retry” comes again, and counts', async () => {
    const of = await newGroupOf(store.client, 1);
    const consumer = join(of, (event, subscription) =>
      event.retryCount < 2 ? subscription.nack('retry', 'again', event) : subscription.ack(event),
    );
    expect(tries(await consumer.has(3))).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ]);
    await untilInfo(store.client, of, { totalInFlightMessages: 0, parkedMessageCount: 0n });
    await consumer.leave();
  });

  it('that can not be done is parked when it has come as often as is allowed', async () => {
    const of = await newGroupOf(store.client, 2, { maxRetryCount: 2 });
    const consumer = join(of, (event, subscription) =>
      numberOf(event) === 0 ? subscription.nack('retry', 'again', event) : subscription.ack(event),
    );
    await consumer.has(4);
    await untilInfo(store.client, of, { parkedMessageCount: 1n, totalInFlightMessages: 0 });
    expect(tries(consumer.events).filter(([n]) => n === 0)).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
    ]);
    const [parked] = await readParked(of);
    expect(parked?.link?.metadata).toMatchObject({ reason: 'Reached retry count of 2' });
    await consumer.leave();
  });

  it('that is not answered in time comes again', async () => {
    const of = await newGroupOf(store.client, 1, { messageTimeout: 200 });
    const consumer = join(of, (event, subscription) =>
      event.retryCount === 0 ? keep(event, subscription) : subscription.ack(event),
    );
    expect(tries(await consumer.has(2))).toEqual([
      [0, 0],
      [0, 1],
    ]);
    await untilInfo(store.client, of, { totalInFlightMessages: 0 });
    await consumer.leave();
  });

  it('that is never answered in time is parked in the end', async () => {
    const of = await newGroupOf(store.client, 1, { messageTimeout: 100, maxRetryCount: 1 });
    const consumer = join(of, keep);
    await consumer.has(2);
    await untilInfo(store.client, of, { parkedMessageCount: 1n, totalInFlightMessages: 0 });
    await consumer.leave();
  });

  // “stop” is in the protocol; the server 23.10 takes the event for done, as with “skip”.
  it.each(['skip', 'stop'] as const)('that is nacked with “%s” is done with', async action => {
    const of = await newGroupOf(store.client, 3, { checkPointUpperBound: 1 });
    const consumer = join(of, (event, subscription) => subscription.nack(action, 'never mind', event));
    await consumer.has(3);
    await untilInfo(store.client, of, {
      totalInFlightMessages: 0,
      parkedMessageCount: 0n,
      retryBufferCount: 0,
      lastCheckpointedEventRevision: 2n,
    });
    expect(tries(consumer.events)).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
    ]);
    await consumer.leave();
  });
});

describe('a parked event', () => {
  it('is a link in a stream of its own, with the reason', async () => {
    const of = await newGroupOf(store.client, 3);
    const consumer = join(of, parking(1));
    await consumer.has(3);
    await untilInfo(store.client, of, { parkedMessageCount: 1n, totalInFlightMessages: 0 });
    const parked = await readParked(of);
    expect(parked).toHaveLength(1);
    expect(parked[0]?.event).toMatchObject({ streamId: of.stream, revision: 1n, data: { n: 1 } });
    expect(parked[0]?.link).toMatchObject({ streamId: parkedStream(of), type: '$>', revision: 0n });
    expect(parked[0]?.link?.metadata).toMatchObject({ reason: expect.stringContaining('no 1') });
    await consumer.leave();
  });

  it('is linked where a followed link leads to, be there an event or not; any other data stand for themselves', async () => {
    const [target, stream, group] = [newStream(), newStream(), newGroup()];
    await store.client.appendToStream(target, notes(3));
    const links = [`-1@${target}`, `7@${target}`, 'no link'];
    await store.client.appendToStream(
      stream,
      links.map(data => binaryEvent({ type: '$>', data: Buffer.from(data) })),
    );
    const of = { stream, group };
    await store.client.createPersistentSubscriptionToStream(
      stream,
      group,
      settings({ resolveLinkTos: true }),
    );
    const consumer = join(of, (event, subscription) => subscription.nack('park', 'later', event));
    await consumer.has(3);
    await untilInfo(store.client, of, { parkedMessageCount: 3n, totalInFlightMessages: 0 });
    const parked = await all(store.client.readStream(parkedStream(of)));
    expect(parked.map(({ event }) => new TextDecoder().decode(Object(event?.data)))).toEqual([
      `2@${target}`,
      `7@${target}`,
      `2@${stream}`,
    ]);
    // Where they were in the stream; the server leaves a zero out.
    expect(parked.map(({ event }) => Object(event?.metadata).subscriptionEventNumber)).toEqual([
      undefined,
      1,
      2,
    ]);
    await consumer.leave();
  });

  it('goes with its group, and so does its stream', async () => {
    const of = await newParked(1);
    await replay(of);
    const consumer = join(of);
    await consumer.has(1);
    await untilInfo(store.client, of, { parkedMessageCount: 0n, totalInFlightMessages: 0 });
    await consumer.leave();
    await store.client.deletePersistentSubscriptionToStream(of.stream, of.group);
    await expect
      .poll(async () => await rejection(readParked(of)).catch(() => 'it is still there'))
      .toBeInstanceOf(StreamNotFoundError);
  });

  it('does not come again by itself, nor hold up the checkpoint', async () => {
    const of = await newGroupOf(store.client, 3, { checkPointUpperBound: 1 });
    const consumer = join(of, parking(0));
    await consumer.has(3);
    await untilInfo(store.client, of, { lastCheckpointedEventRevision: 2n });
    await store.client.appendToStream(of.stream, [note(3)]);
    await consumer.has(4);
    expect(consumer.numbers()).toEqual([0, 1, 2, 3]);
    await consumer.leave();
  });
});

describe('a replay', () => {
  it('gives what is parked once more, with the links', async () => {
    const of = await newParked(3);
    await replay(of);
    const consumer = join(of);
    const events = await consumer.has(3);
    expect(tries(events)).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
    ]);
    expect(ids(events)).toEqual(ids(await all(store.client.readStream(of.stream))));
    expect(events.map(({ link }) => link?.streamId)).toEqual(events.map(() => parkedStream(of)));
    await untilInfo(store.client, of, { parkedMessageCount: 0n, totalInFlightMessages: 0 });
    await expect
      .poll(async () => (await store.client.getStreamMetadata(parkedStream(of))).metadata?.truncateBefore)
      .toBe(3);
    await consumer.leave();
  });

  it('gives them to who is subscribed already, again and again', async () => {
    const of = await newGroupOf(store.client, 1);
    const consumer = join(of, (event, subscription) =>
      event.link?.revision === 1n ? subscription.ack(event) : subscription.nack('park', 'not yet', event),
    );
    await consumer.has(1);
    for (const round of [2, 3]) {
      await untilInfo(store.client, of, { parkedMessageCount: 1n });
      // What has been replayed is hidden a moment after it was given.
      await expect
        .poll(async () => revisions(await all(store.client.readStream(parkedStream(of)))))
        .toEqual([BigInt(round - 2)]);
      await replay(of);
      await consumer.has(round);
    }
    expect(consumer.events.map(({ link }) => link?.revision)).toEqual([undefined, 0n, 1n]);
    await untilInfo(store.client, of, { parkedMessageCount: 0n, totalInFlightMessages: 0 });
    await consumer.leave();
  });

  it('ends where it is told to', async () => {
    const of = await newParked(4);
    await replay(of, 3);
    const consumer = join(of);
    await consumer.has(3);
    await untilInfo(store.client, of, { parkedMessageCount: 1n, totalInFlightMessages: 0 });
    await replay(of);
    await consumer.has(4);
    expect(consumer.numbers()).toEqual([0, 1, 2, 3]);
    await consumer.leave();
  });

  it('of nothing is none', async () => {
    const of = await newGroupOf(store.client, 1);
    await replay(of);
    const consumer = join(of, ack);
    await consumer.has(1);
    await untilInfo(store.client, of, { totalInFlightMessages: 0, totalItems: 1n });
    await consumer.leave();
  });

  it('can be retried, and parked again', async () => {
    const of = await newParked(1);
    await replay(of);
    const consumer = join(of, (event, subscription) =>
      event.retryCount === 0
        ? subscription.nack('retry', 'again', event)
        : subscription.nack('park', 'still not', event),
    );
    expect(tries(await consumer.has(2))).toEqual([
      [0, 0],
      [0, 1],
    ]);
    await untilInfo(store.client, of, { parkedMessageCount: 1n, totalInFlightMessages: 0 });
    await consumer.leave();
  });

  it('up to a negative revision is refused', async () => {
    const of = await newGroupOf(store.client, 0);
    const error = await rejection(replay(of, -1));
    expect(error).toBeInstanceOf(PersistentSubscriptionFailedError);
    expect(error).toMatchObject({
      streamName: of.stream,
      groupName: of.group,
      reason: 'Cannot stop replaying parked message at a negative version.',
    });
  });
});
