/** Processes with a connection each to one event store: the embedded node, or the server of RELATA_EVENTSTORE_URL. */
import { randomUUID } from 'node:crypto';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { afterAll } from 'vitest';
import type { CommandResult } from '../../../src/commands/dispatch.ts';
import { connectEventStore, disconnect } from '../../../src/eventstore/client.ts';
import type { StoredEvent } from '../../../src/eventstore/codec.ts';
import { useEventStore } from '../../conformance/support.ts';
import { writeSide } from '../../support/writeSide.ts';

/** Call it at the top of a test file. */
export function useProcesses() {
  const store = useEventStore();
  const clients: EventStoreDBClient[] = [];
  afterAll(async () => {
    for (const client of clients) await disconnect(client);
  });
  return {
    /** A process that knows nothing yet; others may be at work in the same workspace. */
    start: (workspaceId: string) => {
      const client = connectEventStore(store.connectionString);
      clients.push(client);
      return writeSide(client, { workspaceId, now: () => new Date(), random: Math.random });
    },
    /** A plain read of a stream, through the client alone. */
    read: async (stream: string): Promise<readonly StoredEvent[]> => {
      const events: StoredEvent[] = [];
      for await (const { event } of store.client.readStream(stream)) if (event) events.push(event);
      return events;
    },
  };
}

/** A workspace that no other test writes to. */
export const newWorkspace = () => `w-${randomUUID()}`;

/** Sends again where the answer asks for it: whoever loses too many races is told `CONFLICT`. */
export async function told(send: () => Promise<CommandResult>): Promise<CommandResult> {
  const result = await send();
  return !result.ok && result.error.kind === 'CONFLICT' ? told(send) : result;
}

export const codes = (results: readonly CommandResult[]) =>
  results.map(result => (result.ok ? 'OK' : result.error.code)).sort();
