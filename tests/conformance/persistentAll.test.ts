/** Persistent subscriptions to `$all`, by https://docs.kurrent.io/clients/grpc/persistent-subscriptions.html#subscribing-to-all */
import { randomUUID } from 'node:crypto';
import {
  END,
  eventTypeFilter,
  type Filter,
  jsonEvent,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionDroppedError,
  PersistentSubscriptionExistsError,
  PersistentSubscriptionFailedError,
  PersistentSubscriptionMaximumSubscribersReachedError,
  type PersistentSubscriptionToAllSettings,
  type Position,
  persistentSubscriptionToAllSettingsFromDefaults,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { afterEach, describe, expect, it } from 'vitest';
import { consume, keep, newGroup, note, notes } from './persistentSupport.ts';
import { ids, newStream, paths, rejection, useEventStore } from './support.ts';

const store = useEventStore();
const made: string[] = [];

afterEach(async () => {
  // A group of `$all` would go on reading what the other cases write.
  for (const group of made.splice(0))
    await store.client.deletePersistentSubscriptionToAll(group).catch(() => undefined);
});

const settings = (changes: Partial<PersistentSubscriptionToAllSettings> = {}) =>
  persistentSubscriptionToAllSettingsFromDefaults({ startFrom: START, ...changes });

async function newGroupOfAll(
  filter: Filter | undefined,
  changes: Partial<PersistentSubscriptionToAllSettings> = {},
): Promise<string> {
  const group = newGroup();
  made.push(group);
  await store.client.createPersistentSubscriptionToAll(group, settings(changes), filter ? { filter } : {});
  return group;
}

const join = (group: string, answer?: Parameters<typeof consume>[1]) =>
  consume(store.client.subscribeToPersistentSubscriptionToAll(group), answer);

const untilStats = (group: string, stats: object) =>
  expect
    .poll(async () => (await store.client.getPersistentSubscriptionToAllInfo(group)).stats, {
      timeout: 10_000,
    })
    .toMatchObject(stats);

/** The position of an event; appends that wrote tell it. */
const at = (position: Position | undefined): Position => position ?? { commit: 0n, prepare: 0n };

describe('a filtered group of $all gives', () => {
  it.each([
    ['streams by prefix', (mark: string) => streamNameFilter({ prefixes: [`${mark}one`, `${mark}two`] })],
    ['streams by pattern', (mark: string) => streamNameFilter({ regex: `^${mark}(one|two)$` })],
    ['types by prefix', (mark: string) => eventTypeFilter({ prefixes: [`${mark}Wanted`] })],
    ['types by pattern', (mark: string) => eventTypeFilter({ regex: `^${mark}W.*d$` })],
  ])('%s: what is there, then what comes, and nothing else', async (_, filterFor) => {
    const mark = `p${randomUUID().replaceAll('-', '')}`;
    const write = async () => {
      const events = ['one', 'two'].map(stream => ({
        stream,
        event: jsonEvent({ type: `${mark}Wanted`, data: {} }),
      }));
      for (const { stream, event } of events) {
        await store.client.appendToStream(`${mark}${stream}`, event);
        await store.client.appendToStream(`${mark}other`, jsonEvent({ type: `${mark}Other`, data: {} }));
      }
      return events.map(({ event }) => event.id);
    };
    const before = await write();
    const consumer = join(await newGroupOfAll(filterFor(mark)));
    await consumer.has(2);
    const after = await write();
    await consumer.has(4);
    expect(ids(consumer.events)).toEqual([...before, ...after]);
    await consumer.leave();
  });
});

describe('a group of $all', () => {
  it.each(paths)('is made with its settings ($path)', async ({ options }) => {
    const { position } = await store.client.appendToStream(newStream(), note());
    const unusual = settings({
      startFrom: at(position),
      messageTimeout: 4_321,
      maxRetryCount: 2,
      readBatchSize: 7,
    });
    const group = newGroup();
    made.push(group);
    await store.client.createPersistentSubscriptionToAll(group, unusual, options);
    const info = await store.client.getPersistentSubscriptionToAllInfo(group, options);
    expect(info).toMatchObject({ eventSource: '$all', groupName: group, settings: unusual });
  });

  it.each([START, END] as const)('says that it begins at %s', async startFrom => {
    const group = await newGroupOfAll(streamNameFilter({ prefixes: ['nothing'] }), { startFrom });
    expect((await store.client.getPersistentSubscriptionToAllInfo(group)).settings.startFrom).toBe(startFrom);
  });

  it('begins with the event at its position', async () => {
    const stream = newStream();
    const written = notes(3);
    await store.client.appendToStream(stream, written[0]!);
    const { position } = await store.client.appendToStream(stream, written[1]!);
    await store.client.appendToStream(stream, written[2]!);
    const filter = streamNameFilter({ prefixes: [stream] });
    const consumer = join(await newGroupOfAll(filter, { startFrom: at(position) }));
    await consumer.has(2);
    expect(ids(consumer.events)).toEqual([written[1]?.id, written[2]?.id]);
    await consumer.leave();
  });

  it('begins at the end with what comes', async () => {
    const stream = newStream();
    await store.client.appendToStream(stream, note(0));
    const consumer = join(await newGroupOfAll(undefined, { startFrom: END }));
    await consumer.confirmed;
    await store.client.appendToStream(stream, [note(1), note(2)]);
    const mine = () => consumer.events.filter(({ event }) => event?.streamId === stream);
    await consumer.has(() => mine().length === 2);
    expect(mine().map(({ event }) => event?.revision)).toEqual([1n, 2n]);
    await consumer.leave();
  });

  it('moves its checkpoint to what is done, and does not see that in $all', async () => {
    const stream = newStream();
    const group = await newGroupOfAll(undefined, { startFrom: END, checkPointUpperBound: 1 });
    const consumer = join(group);
    await consumer.confirmed;
    const { position } = await store.client.appendToStream(stream, note());
    await consumer.has(events => events.some(({ event }) => event?.streamId === stream));
    await expect
      .poll(async () => {
        const { stats } = await store.client.getPersistentSubscriptionToAllInfo(group);
        return (stats.lastCheckpointedEventPosition?.commit ?? -1n) >= at(position).commit;
      })
      .toBe(true);
    const last = note();
    await store.client.appendToStream(stream, last);
    await consumer.has(events => events.some(({ event }) => event?.id === last.id));
    const own = consumer.events.filter(({ event }) =>
      event?.streamId.startsWith('$persistentsubscription-$all::'),
    );
    expect(own).toEqual([]);
    await consumer.leave();
  });

  it('parks and replays', async () => {
    const stream = newStream();
    const written = notes(2);
    await store.client.appendToStream(stream, written);
    const group = await newGroupOfAll(streamNameFilter({ prefixes: [stream] }));
    const consumer = join(group, (event, subscription) =>
      event.link ? subscription.ack(event) : subscription.nack('park', 'later', event),
    );
    await consumer.has(2);
    await untilStats(group, { parkedMessageCount: 2n });
    await store.client.replayParkedMessagesToAll(group, { stopAt: 1 });
    await consumer.has(3);
    await untilStats(group, { parkedMessageCount: 1n });
    await store.client.replayParkedMessagesToAll(group);
    await consumer.has(4);
    expect(ids(consumer.events)).toEqual([...written, ...written].map(({ id }) => id));
    await untilStats(group, { parkedMessageCount: 0n, totalInFlightMessages: 0 });
    await consumer.leave();
  });

  it('keeps its filter when it is changed, and drops who is subscribed', async () => {
    const stream = newStream();
    const group = await newGroupOfAll(streamNameFilter({ prefixes: [stream] }));
    const before = join(group);
    await before.confirmed;
    await store.client.updatePersistentSubscriptionToAll(group, settings({ maxRetryCount: 1 }));
    expect(await before.failure()).toBeInstanceOf(PersistentSubscriptionDroppedError);
    expect((await store.client.getPersistentSubscriptionToAllInfo(group)).settings.maxRetryCount).toBe(1);
    await store.client.appendToStream(newStream(), note());
    await store.client.appendToStream(stream, note(1));
    const consumer = join(group);
    const [first] = await consumer.has(1);
    expect(first?.event?.streamId).toBe(stream);
    await consumer.leave();
  });

  it('that is there can not be made again', async () => {
    const group = await newGroupOfAll(streamNameFilter({ prefixes: ['nothing'] }));
    const error = await rejection(store.client.createPersistentSubscriptionToAll(group, settings()));
    expect(error).toBeInstanceOf(PersistentSubscriptionExistsError);
    expect(error).toMatchObject({ streamName: '$all', groupName: group });
  });

  it('can not begin beyond the end', async () => {
    const { position } = await store.client.appendToStream(newStream(), note());
    const beyond = at(position).commit + 1_000_000_000_000n;
    const error = await rejection(
      store.client.createPersistentSubscriptionToAll(
        newGroup(),
        settings({ startFrom: { commit: beyond, prepare: beyond } }),
      ),
    );
    expect(error).toBeInstanceOf(PersistentSubscriptionFailedError);
    expect(error).toHaveProperty('reason', expect.stringContaining('Invalid Start From position'));
  });

  it('takes no more subscribers than it may', async () => {
    const group = await newGroupOfAll(streamNameFilter({ prefixes: ['nothing'] }), { maxSubscriberCount: 1 });
    const first = join(group, keep);
    await first.confirmed;
    expect(await join(group).failure()).toBeInstanceOf(PersistentSubscriptionMaximumSubscribersReachedError);
    await first.leave();
  });

  it.each([
    ['changed', (group: string) => store.client.updatePersistentSubscriptionToAll(group, settings())],
    ['deleted', (group: string) => store.client.deletePersistentSubscriptionToAll(group)],
    ['looked at', (group: string) => store.client.getPersistentSubscriptionToAllInfo(group)],
    ['replayed', (group: string) => store.client.replayParkedMessagesToAll(group)],
    [
      'subscribed to',
      async (group: string) => {
        throw await join(group).failure();
      },
    ],
  ] as const)('that is not there can not be %s', async (_, call) => {
    const error = await rejection(call('nobody'));
    expect(error).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
    expect(error).toMatchObject({ streamName: '$all', groupName: 'nobody' });
  });
});
