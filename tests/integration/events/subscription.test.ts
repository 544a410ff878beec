/** The event feed as a GraphQL subscription over WebSockets, by a client that others wrote. */
import { randomUUID } from 'node:crypto';
import { on, once } from 'node:events';
import { jsonEvent } from '@eventstore/db-client';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import { type FeedWorld, openFeedWorld } from './feedWorld.ts';

let world: FeedWorld;
beforeAll(async () => {
  world = await openFeedWorld();
});
afterAll(() => world.close());

const FIELDS = `id cursor position type recordType recordId revision version occurredAt recordedAt
  actorType actorId commandId correlationId causationId data undecodable`;

type Appended = Readonly<Record<string, unknown>>;

function subscribe(args: string, fields = FIELDS) {
  const client = createClient({
    url: `${world.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  const events = client.iterate<{ eventAppended: Appended }>({
    query: `subscription { eventAppended${args} { ${fields} } }`,
  });
  onTestFinished(async () => {
    await events.return?.();
    await client.dispose();
  });
  return {
    next: async (): Promise<Appended> => {
      const { value } = await events.next();
      const { data, errors } = value ?? {};
      expect(errors).toBeUndefined();
      if (!data) throw new Error('it has ended');
      return data.eventAppended;
    },
    take: async (count: number) => {
      const taken: Appended[] = [];
      while (taken.length < count) taken.push((await events.next()).value.data.eventAppended);
      return taken;
    },
    leave: () => events.return?.(),
    events,
  };
}

test('each event of the log with all of its envelope, then each that comes', async () => {
  const { id } = await world.send('registerAccount', { name: 'Acme', tags: ['a'] });
  await world.send('tagAccount', { tags: ['b', 'c'] }, id);
  const stream = subscribe('(after: "start")');
  const before = await stream.take(3);
  await world.send('archiveAccount', {}, id);
  await world.send('registerAccount', { name: 'Elsewhere' }, undefined, 'other');
  await world.send('restoreAccount', {}, id);
  const told = [...before, ...(await stream.take(2))];
  const logged = await world.logged();
  expect(told).toEqual(
    logged.map(event => ({
      id: event.id,
      cursor: `${event.position}.${event.position}.${event.id.slice(0, 8)}`,
      position: `${event.position}`,
      type: event.type,
      recordType: 'account',
      recordId: id,
      revision: event.revision,
      version: 1,
      occurredAt: event.occurredAt,
      recordedAt: event.recordedAt,
      actorType: event.actor.type,
      actorId: event.actor.id,
      commandId: event.commandId,
      correlationId: event.correlationId,
      causationId: event.causationId,
      data: event.data,
      undecodable: null,
    })),
  );
});

test('it goes on behind the last cursor, for what was asked for', async () => {
  const { id } = await world.send('registerAccount', { name: 'Acme' });
  const first = subscribe(`(after: "start", recordType: "account", recordId: "${id}")`);
  const { cursor } = await first.next();
  await first.leave();
  await world.send('archiveAccount', {}, id);
  await world.send('restoreAccount', {}, id);
  await world.send('archiveAccount', {}, id);
  const again = subscribe(
    `(after: "${cursor}", types: ["AccountRestored", "AccountArchived"], recordId: "${id}")`,
    'type revision',
  );
  expect(await again.take(3)).toEqual([
    { type: 'AccountArchived', revision: 1 },
    { type: 'AccountRestored', revision: 2 },
    { type: 'AccountArchived', revision: 3 },
  ]);
});

test('what cannot be read is told as such', async () => {
  const { id, position } = await world.send('registerAccount', { name: 'Acme' });
  await world.client.appendToStream(
    `account-default.${id}`,
    jsonEvent({ id: randomUUID(), type: 'AccountDissolved', data: { secret: 1 } }),
  );
  const stream = subscribe(`(after: "${position}")`, 'type revision data occurredAt undecodable');
  expect(await stream.next()).toEqual({
    type: 'AccountDissolved',
    revision: 1,
    data: null,
    occurredAt: null,
    undecodable: 'unknown event type for a stream of account',
  });
});

test('a reader who takes nothing is not read for', async () => {
  const text = 'x'.repeat(8_000);
  for (let n = 0; n < 40; n++)
    await world.client.appendToStream(
      `account-large.${randomUUID()}`,
      Array.from({ length: 50 }, () =>
        jsonEvent({ id: randomUUID(), type: 'AccountRegistered', data: { text } }),
      ),
    );
  let decoded = 0;
  const { url } = await world.serve({
    workspaceId: 'large',
    decode: async events => {
      decoded += events.length;
      return events.map(({ streamId: stream, type }) => ({
        kind: 'undecodable',
        revision: 0,
        reason: text,
        stream,
        type,
      }));
    },
  });
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  onTestFinished(() => socket.terminate());
  const answers = on(socket, 'message');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await answers.next();
  const query = 'subscription { eventAppended(after: "start") { id undecodable } }';
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
  await answers.next();
  socket.pause();
  // It stands still once the buffers on the way are full; meanwhile all can be read by pages.
  for (let page = await world.page('?limit=100', url); !page.atEnd; )
    page = await world.page(`?limit=100&after=${page.next}`, url);
  expect(decoded).toBeGreaterThan(2_000);
  expect(decoded).toBeLessThan(3_500);
});

test.each([
  ['(after: "x")', 'VALIDATION'],
  ['(types: ["AccountRegisterd"])', 'VALIDATION'],
  ['(recordType: "acount")', 'VALIDATION'],
  ['(recordId: "1")', 'VALIDATION'],
  ['(after: "99999999.99999999")', 'CURSOR_UNKNOWN'],
])('%s is refused as %s', async (args, code) => {
  await expect(subscribe(args).events.next()).rejects.toMatchObject([{ extensions: { code } }]);
});
