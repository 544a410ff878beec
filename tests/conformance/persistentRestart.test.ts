/**
 * What groups keep when the subsystem begins again. That drops every subscriber of the server: against one that others
 * use, run this file alone.
 */
import { PersistentSubscriptionDroppedError } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { consume, keep, newGroupOf, numberOf, untilCheckpoint, untilInfo } from './persistentSupport.ts';
import { paths, useEventStore } from './support.ts';

const store = useEventStore();

describe.each(paths)('when the subsystem is restarted ($path)', ({ options }) => {
  it('subscribers are dropped, and groups go on after their checkpoints', async () => {
    const of = await newGroupOf(store.client, 6, { checkPointUpperBound: 1 });
    const before = consume(store.client.subscribeToPersistentSubscriptionToStream(of.stream, of.group), keep);
    const events = await before.has(6);
    await before.subscription.ack(...events.slice(0, 2));
    await before.subscription.nack('park', 'later', events[3]!);
    await untilInfo(store.client, of, { lastCheckpointedEventRevision: 1n, parkedMessageCount: 1n });
    await untilCheckpoint(store.client, of, 1n);

    await store.client.restartPersistentSubscriptionSubsystem(options);
    expect(await before.failure()).toBeInstanceOf(PersistentSubscriptionDroppedError);
    await untilBack(of);
    await untilInfo(store.client, of, { lastCheckpointedEventRevision: 1n, parkedMessageCount: 1n });

    const after = consume(store.client.subscribeToPersistentSubscriptionToStream(of.stream, of.group));
    await after.has(4);
    expect(after.numbers()).toEqual([2, 3, 4, 5]);
    await store.client.replayParkedMessagesToStream(of.stream, of.group);
    const replayed = (await after.has(5)).at(-1)!;
    expect([numberOf(replayed), replayed.link?.type]).toEqual([3, '$>']);
    await after.leave();
  });
});

/** The server answers before it has begun again. */
const untilBack = ({ stream, group }: { readonly stream: string; readonly group: string }) =>
  expect
    .poll(
      () =>
        store.client.getPersistentSubscriptionToStreamInfo(stream, group).then(
          () => true,
          () => false,
        ),
      { timeout: 10_000 },
    )
    .toBe(true);
