/** A process that drains the projector's subscription and does nothing with what it gets. */
import { excludeSystemEvents, type Position, START } from '@eventstore/db-client';
import { connectEventStore } from '../../src/eventstore/client.ts';
import { serve } from './child.ts';

export type DrainJob = {
  readonly eventStoreUrl: string;
  /** Of the last event that isn't wanted; from the start without it. */
  readonly from?: Position | undefined;
  /** The commit position of the last one that is. */
  readonly upTo: bigint;
};

export type Drained = { readonly events: number; readonly events_per_s: number };

serve(async ({ eventStoreUrl, from, upTo }: DrainJob): Promise<Drained> => {
  const client = connectEventStore(eventStoreUrl);
  const subscription = client.subscribeToAll({ fromPosition: from ?? START, filter: excludeSystemEvents() });
  const done = Promise.withResolvers<void>();
  let events = 0;
  let begun = 0;
  subscription.on('error', done.reject);
  subscription.on('data', ({ event }) => {
    if (!event) return;
    if (events++ === 0) begun = performance.now();
    if (event.position.commit >= upTo) done.resolve();
  });
  await done.promise;
  const seconds = (performance.now() - begun) / 1_000;
  subscription.on('error', () => undefined); // unsubscribing reports itself as one
  await subscription.unsubscribe();
  await client.dispose();
  return { events, events_per_s: events / seconds };
});
