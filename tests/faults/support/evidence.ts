/** What the checker is given: read past the program, from the stores themselves and from what it answers. */
import { setTimeout as delay } from 'node:timers/promises';
import { EventStoreDBClient } from '@eventstore/db-client';
import pg from 'pg';
import { disconnect } from '../../../src/eventstore/client.ts';
import type { Envelope } from '../../../src/eventstore/envelope.ts';
import { data } from '../../system/support/graphql.ts';
import { query } from '../../system/support/sql.ts';
import { type Checkpoint, centsOf, type Logged, type Shown } from './check.ts';

export async function readLog(eventStoreUrl: string): Promise<readonly Logged[]> {
  const client = EventStoreDBClient.connectionString(eventStoreUrl);
  try {
    const log: Logged[] = [];
    for await (const { event } of client.readAll()) {
      if (!event || event.type.startsWith('$')) continue;
      const { commandId, $causationId: causationId, actor } = event.metadata as Envelope;
      log.push({
        stream: event.streamId,
        revision: Number(event.revision),
        position: event.position?.commit ?? -1n,
        type: event.type,
        commandId,
        causationId,
        actor: actor.type,
      });
    }
    return log;
  } finally {
    await disconnect(client);
  }
}

const POSITIONS = `SELECT schema_name AS build, commit_position::text AS position FROM relata.builds`;

/** Up to where every read model is. */
export async function shownUpTo(postgresUrl: string): Promise<bigint> {
  const rows = await query(postgresUrl, `${POSITIONS} WHERE status = 'active'`);
  return rows.map(({ position }) => BigInt(String(position))).reduce((a, b) => (a < b ? a : b));
}

export async function readShown(url: string, postgresUrl: string): Promise<Shown> {
  const rows = await query(
    postgresUrl,
    `SELECT id::text AS contact, unnest(emails) AS email FROM crm.contacts WHERE NOT archived`,
  );
  const { groups } = await data<{ groups: { totals: { amount: string; currency: string }[] }[] }>(
    url,
    '{ groups: opportunitySummary(groupBy: STAGE, filter: { status: { eq: won } }) { totals { amount currency } } }',
  );
  const totals = groups.flatMap(group => group.totals);
  return {
    addresses: rows.map(({ email, contact }) => ({ email: String(email), contact: String(contact) })),
    wonCents: totals.map(centsOf).reduce((a, b) => a + b, 0n),
  };
}

/** How often the checkpoints are looked at. */
const LOOK_MS = 20;

/** Watches checkpoints until it is ended; both stores may come and go meanwhile, on the same ports. */
export function watchCheckpoints(postgresUrl: string, eventStoreUrl: string) {
  const points: Checkpoint[] = [];
  const over = new AbortController();
  const events = EventStoreDBClient.connectionString(eventStoreUrl);
  let connection = 0;

  const endOfLog = async (): Promise<bigint> => {
    const read = events.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1 });
    const [last] = await Array.fromAsync(read);
    return last?.event?.position?.commit ?? -1n;
  };
  const watch = async () => {
    const client = new pg.Client({ connectionString: postgresUrl });
    client.on('error', () => undefined); // what is asked next fails as well
    try {
      await client.connect();
      connection += 1;
      while (!over.signal.aborted) {
        const { rows } = await client.query<{ build: string; position: string }>(POSITIONS);
        const end = await endOfLog().catch(() => undefined); // it is away
        for (const { build, position } of rows)
          if (end !== undefined) points.push({ build, position: BigInt(position), end, connection });
        await delay(LOOK_MS);
      }
    } finally {
      await client.end();
    }
  };
  const watching = (async () => {
    while (!over.signal.aborted) {
      await watch().catch(() => undefined); // Postgres is away
      await delay(LOOK_MS);
    }
  })();
  return {
    points: points as readonly Checkpoint[],
    end: async (): Promise<void> => {
      over.abort();
      await watching;
      await disconnect(events);
    },
  };
}
