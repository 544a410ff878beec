/** Reaching EventStoreDB: one client a process, and what its errors mean to us. */
import { EventStoreDBClient } from '@eventstore/db-client';

export const connectEventStore = (url: string): EventStoreDBClient =>
  EventStoreDBClient.connectionString(url);

/** Whether the same bytes are to be sent again: the store may or may not have taken them, or another node leads. */
export function worthSendingAgain(error: unknown): boolean {
  const type = (error as { type?: unknown } | null)?.type;
  return typeof type === 'string' && AGAIN.has(type);
}

// The client's ErrorType values for a call that ended without the leader's own answer.
const AGAIN = new Set(['unavailable', 'deadline-exceeded', 'timeout', 'cancelled', 'unknown', 'not-leader']);
