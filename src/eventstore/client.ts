/** Reaching EventStoreDB: one client a process, and what its errors mean to us. */
import { EventStoreDBClient } from '@eventstore/db-client';

export const connectEventStore = (url: string): EventStoreDBClient =>
  EventStoreDBClient.connectionString(url);

/** Whether the store may or may not have done what it was asked: the same bytes are to be sent again. */
export function outcomeUnknown(error: unknown): boolean {
  const type = (error as { type?: unknown } | null)?.type;
  return typeof type === 'string' && UNKNOWN.has(type);
}

// The client's ErrorType values for a call that ended without the store's own answer.
const UNKNOWN = new Set(['unavailable', 'deadline-exceeded', 'timeout', 'cancelled', 'unknown']);
