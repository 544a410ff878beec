/** Reaching EventStoreDB: one client a process, and what its errors mean to us. */
import { setTimeout as delay } from 'node:timers/promises';
import { EventStoreDBClient } from '@eventstore/db-client';

export const connectEventStore = (url: string): EventStoreDBClient =>
  EventStoreDBClient.connectionString(url);

const DISCONNECT_MS = 1_000;

/**
 * Ends the client's calls. Its own `dispose` waits until each of them has been read to its end, which one that was
 * broken off in the middle never is.
 */
export async function disconnect(client: EventStoreDBClient): Promise<void> {
  const patience = new AbortController();
  await Promise.race([
    client.dispose(),
    delay(DISCONNECT_MS, undefined, { signal: patience.signal }).catch(() => undefined),
  ]);
  patience.abort();
}

/** Whether the same bytes are to be sent again: the store may or may not have taken them, or another node leads. */
export function worthSendingAgain(error: unknown): boolean {
  const type = (error as { type?: unknown } | null)?.type;
  return typeof type === 'string' && AGAIN.has(type);
}

// The client's ErrorType values for a call that ended without the leader's own answer.
const AGAIN = new Set(['unavailable', 'deadline-exceeded', 'timeout', 'cancelled', 'unknown', 'not-leader']);
