/** The log as it is stored: what hashes are made of, before anything is decrypted or upcast. */
import { type EventStoreDBClient, eventTypeFilter } from '@eventstore/db-client';
import type { StoredEvent } from '../eventstore/codec.ts';
import { logSource } from '../projections/engine/eventStoreSource.ts';
import type { EventSource, LogPoint } from '../projections/engine/source.ts';

export type StoredLogEvent = { readonly point: LogPoint; readonly stored: StoredEvent };
export type StoredLog = EventSource<StoredLogEvent>;

const read = (stored: StoredEvent, point: LogPoint): StoredLogEvent => ({ stored, point });

export const storedLog = (client: EventStoreDBClient): StoredLog => logSource(client, read);

/** Besides, the system events that take streams away. */
export const storedLogWithDeletions = (client: EventStoreDBClient): StoredLog =>
  logSource(client, read, eventTypeFilter({ regex: '^([^$]|\\$metadata$|\\$streamDeleted$)' }));
