/** A process that appends events of a usual size, each sender to a stream of its own and at its exact revision. */
import { randomUUID } from 'node:crypto';
import { type EventStoreDBClient, NO_STREAM } from '@eventstore/db-client';
import { connectEventStore } from '../../src/eventstore/client.ts';
import { serve } from './child.ts';
import { applyLoad, type LoadFigures } from './load.ts';
import { usualEvent } from './usualEvent.ts';

export type NodeAppendsJob = {
  readonly eventStoreUrl: string;
  /** Appends under way at any time. */
  readonly concurrent: number;
  readonly eventsEach: number;
  readonly milliseconds: number;
};

serve(async ({ eventStoreUrl, concurrent, eventsEach, milliseconds }: NodeAppendsJob) => {
  const client = connectEventStore(eventStoreUrl);
  const senders = Array.from({ length: concurrent }, () => senderOf(client, eventsEach));
  await Promise.all(senders.map(send => send())); // opens the connection, and each stream
  const figures: LoadFigures = await applyLoad(senders, milliseconds);
  await client.dispose();
  return figures;
});

function senderOf(client: EventStoreDBClient, eventsEach: number) {
  const stream = `appended-${randomUUID()}`;
  let revision: bigint | undefined;
  return async (): Promise<void> => {
    const events = Array.from({ length: eventsEach }, usualEvent);
    const result = await client.appendToStream(stream, events, { expectedRevision: revision ?? NO_STREAM });
    revision = result.nextExpectedRevision;
  };
}
