import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventStoreDBClient, FORWARDS, jsonEvent, START } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { withoutCredentials } from '../../../src/runtime/externalStores.ts';
import { freePort } from '../../../src/runtime/ports.ts';
import { type Stores, startStores } from '../../../src/runtime/stores.ts';
import { closedAfterTest, postmasterPid, query, refused, silent, temporaryFolder } from './support.ts';

const REACHABLE_MS = 200;

async function start(dir: string, urls: { eventStoreUrl?: string; postgresUrl?: string } = {}) {
  return closedAfterTest(await startStores(urls, { dir }, silent, { reachableMs: REACHABLE_MS }));
}

async function eventTypes(url: string, stream: string): Promise<string[]> {
  const client = EventStoreDBClient.connectionString(url);
  try {
    const types: string[] = [];
    for await (const { event } of client.readStream(stream, { direction: FORWARDS, fromRevision: START }))
      types.push(event?.type ?? '');
    return types;
  } finally {
    await client.dispose();
  }
}

describe('without any URL', () => {
  test('both are embedded, keep what they were given, serve others by URL, and tell when one ends', async () => {
    const dir = await temporaryFolder();
    const first = await start(dir);
    const client = EventStoreDBClient.connectionString(first.eventStoreUrl);
    await client.appendToStream('account-1', jsonEvent({ type: 'AccountOpened', data: {} }));
    await client.dispose();
    await query(first.postgresUrl, 'CREATE TABLE kept AS SELECT 1 AS n');
    await first.close();

    const second = await start(dir);
    expect(second.eventStoreUrl).toBe(first.eventStoreUrl);
    expect(second.postgresUrl).toBe(first.postgresUrl);
    expect(await eventTypes(second.eventStoreUrl, 'account-1')).toEqual(['AccountOpened']);
    expect(await query(second.postgresUrl, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);

    await usedFromElsewhere(second);

    process.kill(await postmasterPid(join(dir, 'postgres', 'data')), 'SIGKILL');
    expect(await second.failed).toMatchObject({ code: 'POSTGRES_ENDED' });
  });

  test('where the event store fails to start, Postgres is stopped again', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'eventstore'), 'a file in its place');
    expect(await refused(start(dir))).toMatchObject({ code: 'EVENTSTORE_DATA_DIR_UNUSABLE' });
    expect(existsSync(join(dir, 'postgres', 'data', 'PG_VERSION'))).toBe(true);
    expect(existsSync(join(dir, 'postgres', 'data', 'postmaster.pid'))).toBe(false);
  });
});

describe('with URLs', () => {
  test('an unreachable Postgres is named without its credentials, and nothing is made', async () => {
    const dir = await temporaryFolder();
    const port = await freePort();
    const url = `postgres://ann:hunter2@127.0.0.1:${port}/crm?password=hunter2`;
    const { code, message } = await refused(start(dir, { postgresUrl: url }));
    expect(code).toBe('POSTGRES_UNREACHABLE');
    expect(message).toBe(
      `Postgres at postgres://127.0.0.1:${port}/crm can't be used (connect ECONNREFUSED 127.0.0.1:${port}); start it, or correct or unset RELATA_POSTGRES_URL.`,
    );
    expect(await readdir(dir)).toEqual([]);
  });

  test('an unreachable event store is named without its credentials, and nothing is made', async () => {
    const dir = await temporaryFolder();
    const port = await freePort();
    const url = `esdb://admin:hunter2@127.0.0.1:${port}?tls=false`;
    const { code, message } = await refused(start(dir, { eventStoreUrl: url }));
    expect(code).toBe('EVENTSTORE_UNREACHABLE');
    expect(message).toBe(
      `The event store at esdb://127.0.0.1:${port} can't be used (connect ECONNREFUSED 127.0.0.1:${port}); start it, or correct or unset RELATA_EVENTSTORE_URL.`,
    );
    expect(await readdir(dir)).toEqual([]);
  });

  test('a malformed connection string is refused without repeating its password', async () => {
    const { code, message, cause } = await refused(
      start(await temporaryFolder(), { eventStoreUrl: 'esdb://admin:hunter2@host:port' }),
    );
    expect(code).toBe('EVENTSTORE_UNREACHABLE');
    expect(message).toBe(
      'The connection string esdb://host:port is malformed; correct RELATA_EVENTSTORE_URL.',
    );
    expect(cause).toBeUndefined();
  });
});

/** Another app with their URLs uses them as they are, starts nothing, and leaves them running. */
async function usedFromElsewhere(servers: Stores): Promise<void> {
  const empty = await temporaryFolder();
  const stores = await start(empty, servers);
  expect(stores).toMatchObject({ eventStoreUrl: servers.eventStoreUrl, postgresUrl: servers.postgresUrl });
  expect(await readdir(empty)).toEqual([]);
  await stores.close();
  expect(await query(servers.postgresUrl, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);

  const wrong = new URL(servers.postgresUrl);
  wrong.password = 'hunter2';
  const { code, message } = await refused(start(empty, { ...servers, postgresUrl: wrong.href }));
  expect(code).toBe('POSTGRES_UNREACHABLE');
  expect(message).toContain('password authentication failed');
  expect(message).not.toContain('hunter2');
}

test.each([
  ['postgres://ann:p@ss@host:5432/crm?sslmode=require', 'postgres://host:5432/crm'],
  ['postgres://ann:sl/ash?@host/crm', 'postgres://host/crm'],
  ['esdb://admin:changeit@one:2113,two:2113?tls=false', 'esdb://one:2113,two:2113'],
  ['esdb://host:2113', 'esdb://host:2113'],
])('%s without credentials is %s', (url, bare) => {
  expect(withoutCredentials(url)).toBe(bare);
});
