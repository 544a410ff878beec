/** The log as it is stored: what hashes are made of, before anything is decrypted or upcast. */
import { type AllStreamRecordedEvent, type EventStoreDBClient, eventTypeFilter } from '@eventstore/db-client';
import type { StoredEvent } from '../eventstore/codec.ts';
import { logSource, pointOf } from '../projections/engine/eventStoreSource.ts';
import type { EventSource, LogPoint } from '../projections/engine/source.ts';

export type StoredLogEvent = { readonly point: LogPoint; readonly stored: StoredEvent };
export type StoredLog = EventSource<StoredLogEvent>;

const read = async (events: readonly AllStreamRecordedEvent[]): Promise<readonly StoredLogEvent[]> =>
  events.map(stored => ({ stored, point: pointOf(stored) }));

export const storedLog = (client: EventStoreDBClient): StoredLog => logSource(client, read);

/** Besides, the system events that take streams away. */
export const storedLogWithDeletions = (client: EventStoreDBClient): StoredLog =>
  logSource(client, read, {
    filter: eventTypeFilter({ regex: WITH_DELETIONS.source }),
    has: type => WITH_DELETIONS.test(type),
  });

const WITH_DELETIONS = /^([^$]|\$metadata$|\$streamDeleted$)/;

/** The position of the last event, −1 where there is none. */
export const endOfLog = async (client: EventStoreDBClient): Promise<bigint> =>
  (await storedLog(client).end())?.commit ?? -1n;
