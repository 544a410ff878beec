/** A process that appends an event, and the next one when its own subscription to `$all` has brought it. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { END, excludeSystemEvents } from '@eventstore/db-client';
import { connectEventStore } from '../../src/eventstore/client.ts';
import { serve } from './child.ts';
import { applyLoad, type LoadFigures } from './load.ts';
import { usualEvent } from './usualEvent.ts';

export type DeliveriesJob = { readonly eventStoreUrl: string; readonly milliseconds: number };

/** @returns times from an append until the event has come, and the answer too. */
serve(async ({ eventStoreUrl, milliseconds }: DeliveriesJob): Promise<LoadFigures> => {
  const client = connectEventStore(eventStoreUrl);
  const subscription = client.subscribeToAll({ fromPosition: END, filter: excludeSystemEvents() });
  await once(subscription, 'confirmation');
  const stream = `delivered-${randomUUID()}`;
  let awaited = { id: '', ...Promise.withResolvers<void>() };
  subscription.on('error', error => awaited.reject(error));
  subscription.on('data', ({ event }) => {
    if (event?.id === awaited.id) awaited.resolve();
  });
  const deliver = async (): Promise<void> => {
    const event = usualEvent();
    awaited = { id: event.id, ...Promise.withResolvers<void>() };
    await Promise.all([client.appendToStream(stream, event), awaited.promise]);
  };
  await deliver(); // opens the append's side of the connection
  const figures = await applyLoad([deliver], milliseconds);
  await subscription.unsubscribe();
  await client.dispose();
  return figures;
});
