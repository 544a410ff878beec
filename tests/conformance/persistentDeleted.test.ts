/** Groups of streams that were truncated or deleted. */
import { PersistentSubscriptionDroppedError } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { consume, newGroup, note, notes, settings } from './persistentSupport.ts';
import { newStream, useEventStore } from './support.ts';

const store = useEventStore();

/** A new group of a stream of 5 events, to which something was done. */
async function groupAfter(change: (stream: string) => Promise<unknown>) {
  const [stream, group] = [newStream(), newGroup()];
  await store.client.appendToStream(stream, notes(5));
  await change(stream);
  await store.client.createPersistentSubscriptionToStream(stream, group, settings());
  return { stream, consumer: consume(store.client.subscribeToPersistentSubscriptionToStream(stream, group)) };
}

describe('a group of a stream', () => {
  it('that was truncated gives what is left', async () => {
    const { consumer } = await groupAfter(stream =>
      store.client.setStreamMetadata(stream, { truncateBefore: 3 }),
    );
    await consumer.has(2);
    expect(consumer.numbers()).toEqual([3, 4]);
    await consumer.leave();
  });

  it('that was deleted gives what is written to it afterwards', async () => {
    const { stream, consumer } = await groupAfter(stream => store.client.deleteStream(stream));
    await consumer.confirmed;
    await store.client.appendToStream(stream, [note(5), note(6)]);
    await consumer.has(2);
    expect(consumer.events.map(({ event }) => event?.revision)).toEqual([5n, 6n]);
    await consumer.leave();
  });

  it('that was deleted for good drops its subscribers', async () => {
    const { consumer } = await groupAfter(stream => store.client.tombstoneStream(stream));
    expect(await consumer.failure()).toBeInstanceOf(PersistentSubscriptionDroppedError);
  });
});
