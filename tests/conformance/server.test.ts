/**
 * What is asked of a server before and beside the streams: gossip (https://docs.kurrent.io/server/v23.10/cluster), health
 * (https://docs.kurrent.io/server/v23.10/diagnostics), `/info`. A real server must be one node, without TLS.
 */
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterEach, describe, expect, it } from 'vitest';
import { all, newStream, useEventStore } from './support.ts';

const store = useEventStore();
const clients: EventStoreDBClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose();
});

/** A client of the same server, by another connection string. */
function connect(change: (url: string) => string): EventStoreDBClient {
  const client = EventStoreDBClient.connectionString(change(store.connectionString));
  clients.push(client);
  return client;
}
const withOption = (option: string) => (url: string) => `${url}${url.includes('?') ? '&' : '?'}${option}`;
const httpUrl = (path: string) =>
  new URL(path, store.connectionString.replace(/^esdb(\+discover)?:/, 'http:'));

async function appendAndRead(client: EventStoreDBClient): Promise<void> {
  const stream = newStream();
  await client.appendToStream(stream, jsonEvent({ type: 'Noted', data: {} }));
  expect(await all(client.readStream(stream))).toHaveLength(1);
}

describe('gossip', () => {
  it('leads a client that discovers the cluster to the one node', async () => {
    await appendAndRead(connect(url => url.replace(/^esdb:/, 'esdb+discover:')));
  });

  it('leads one that has several addresses to it too', async () => {
    const nowhere = '127.0.0.1:1';
    await appendAndRead(connect(url => url.replace('://', `://${nowhere},`)));
  });

  it('tells of a leader', async () => {
    await appendAndRead(
      connect(url => withOption('nodePreference=leader')(url.replace(/^esdb:/, 'esdb+discover:'))),
    );
  });
});

describe('over HTTP', () => {
  it('the server says that it lives', async () => {
    for (const method of ['GET', 'HEAD'])
      expect((await fetch(httpUrl('/health/live'), { method })).status).toBe(204);
  });

  it('the server says what it is', async () => {
    const response = await fetch(httpUrl('/info'));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.json()).toMatchObject({
      esVersion: expect.stringMatching(/^\d+\.\d+/),
      state: 'leader',
    });
  });
});

describe('a connection', () => {
  it('may be kept alive by pings', async () => {
    const client = connect(withOption('keepAliveInterval=50&keepAliveTimeout=5000'));
    const stream = newStream();
    const subscription = client.subscribeToStream(stream);
    const seen: unknown[] = [];
    let failure: unknown;
    subscription
      .on('data', ({ event }) => seen.push(event?.id))
      .on('error', error => {
        failure = error;
      });
    // Each event comes by the same subscription, over as many pings as there were in between.
    for (let n = 1; n <= 20; n++) {
      await store.client.appendToStream(stream, jsonEvent({ type: 'Noted', data: { n } }));
      await expect.poll(() => seen.length, { interval: 60 }).toBe(n);
    }
    expect(failure).toBeUndefined();
    await subscription.unsubscribe();
  });
});
