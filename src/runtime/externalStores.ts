/** Servers elsewhere: whether they answer, asked before anything is begun. */
import { AccessDeniedError, EventStoreDBClient, FORWARDS, START } from '@eventstore/db-client';
import pg from 'pg';
import { disconnect } from '../eventstore/client.ts';
import { fatal } from './fatal.ts';
import { until } from './processes.ts';

/** How long a server may take to come up: container platforms start everything at once. */
export const REACHABLE_MS = 15_000;
const ATTEMPT_MS = 5_000;
/** SQLSTATE classes that waiting doesn't heal: a wrong password (28), a missing database (3D), no right (42). */
const REFUSED = /^(28|3D|42)/;

/** @throws FatalError `POSTGRES_UNREACHABLE` naming the URL without its credentials. */
export async function requirePostgres(url: string, withinMs: number): Promise<void> {
  let last: unknown;
  const reached = await until(async () => {
    try {
      await askPostgres(url);
      return true;
    } catch (error) {
      last = error;
      if (error instanceof pg.DatabaseError && REFUSED.test(error.code ?? ''))
        throw unreachable('POSTGRES', url, error);
      return false;
    }
  }, withinMs);
  if (!reached) throw unreachable('POSTGRES', url, last);
}

/** @throws FatalError `EVENTSTORE_UNREACHABLE` naming the URL without its credentials. */
export async function requireEventStore(url: string, withinMs: number): Promise<void> {
  requireWellFormed(url);
  let last: unknown;
  const reached = await until(async () => {
    try {
      await askEventStore(url);
      return true;
    } catch (error) {
      last = error;
      if (error instanceof AccessDeniedError) throw unreachable('EVENTSTORE', url, error);
      return false;
    }
  }, withinMs);
  if (!reached) throw unreachable('EVENTSTORE', url, last);
}

/** Neither user nor password nor query, which may hold them too. */
export function withoutCredentials(url: string): string {
  // The last @ ends the credentials, whatever a password holds; too much is cut rather than too little.
  return url.replace(/\/\/.*@/s, '//').replace(/[?#].*$/s, '');
}

async function askPostgres(url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: ATTEMPT_MS,
    query_timeout: ATTEMPT_MS,
  });
  client.on('error', () => undefined); // the query fails as well
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end();
  }
}

/** Reading the log's first event is what the app needs at the least, and shows wrong credentials too. */
async function askEventStore(url: string): Promise<void> {
  const client = EventStoreDBClient.connectionString(url);
  const timer = Promise.withResolvers<never>();
  const timeout = setTimeout(
    () => timer.reject(new Error(`no answer within ${ATTEMPT_MS / 1000} s`)),
    ATTEMPT_MS,
  );
  try {
    const read = client.readAll({ direction: FORWARDS, fromPosition: START, maxCount: 1 });
    await Promise.race([Array.fromAsync(read), timer.promise]);
  } finally {
    clearTimeout(timeout);
    await disconnect(client);
  }
}

/** The client's own message repeats the string, password and all: it is not even kept as the cause. */
function requireWellFormed(url: string): void {
  try {
    // A client only connects when it is first used, and holds nothing until then.
    EventStoreDBClient.connectionString(url);
  } catch {
    throw fatal(
      'EVENTSTORE_UNREACHABLE',
      `The connection string ${withoutCredentials(url)} is malformed; correct RELATA_EVENTSTORE_URL.`,
    );
  }
}

function unreachable(store: 'POSTGRES' | 'EVENTSTORE', url: string, cause: unknown) {
  const name = store === 'POSTGRES' ? 'Postgres' : 'The event store';
  return fatal(
    `${store}_UNREACHABLE`,
    `${name} at ${withoutCredentials(url)} can't be used (${reason(cause)}); start it, or correct or unset RELATA_${store}_URL.`,
    cause,
  );
}

function reason(cause: unknown): string {
  // Node reports a name with several addresses as one error of many, which has no message of its own.
  if (cause instanceof AggregateError && cause.errors.length > 0) return reason(cause.errors[0]);
  if (!(cause instanceof Error)) return 'no answer';
  // grpc-js wraps the system's error in its own words.
  const inner = /Last error: Error: (.*?)\. Resolution note/.exec(cause.message);
  return inner?.[1] ?? (cause.message.split('\n')[0] || cause.name);
}
