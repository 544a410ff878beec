/** The log itself, read and written past the program. */
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { startEmbeddedEventStore } from '@relata/embedded-eventstore';

/** Of all events but the store's own, in their order. */
export async function typesIn(eventStoreUrl: string): Promise<readonly string[]> {
  const client = EventStoreDBClient.connectionString(eventStoreUrl);
  const events = await Array.fromAsync(client.readAll());
  await client.dispose();
  return events.map(({ event }) => event?.type ?? '').filter(type => !type.startsWith('$'));
}

/** As `typesIn`, in a folder that nobody runs on. */
export async function typesInFolder(dataDir: string): Promise<readonly string[]> {
  const store = await startEmbeddedEventStore({ dataDir });
  try {
    return await typesIn(store.connectionString);
  } finally {
    await store.close();
  }
}

/** An event without data, of any type. */
export async function appendTo(eventStoreUrl: string, stream: string, type: string): Promise<void> {
  const client = EventStoreDBClient.connectionString(eventStoreUrl);
  await client.appendToStream(stream, jsonEvent({ type, data: {} }));
  await client.dispose();
}
