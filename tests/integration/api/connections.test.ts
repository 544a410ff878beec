/** WebSocket connections: who may have one, and what it may ask for. */
import { once } from 'node:events';
import { parse } from 'graphql';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type Live, ONE, openLive } from './live.ts';
import { until } from './until.ts';

let live: Live;
beforeAll(async () => {
  live = await openLive();
});
afterAll(() => live.close());
afterEach(() => live.reconnect());

describe('what is no subscription is refused with its code', () => {
  const deep = `subscription { opportunityChanged { opportunity { account { parent { parent { parent { name } } } } } } }`;
  test.each([
    ['a field that is not there', 'subscription { opportunityChanged { nothing } }', 'VALIDATION'],
    ['an id that is none', 'subscription { opportunityChanged(id: "me") { id } }', 'VALIDATION'],
    ['too deep', deep, 'TOO_COMPLEX'],
    ['too many aliases', 'subscription { opportunityChanged { a: id b: id c: id } }', 'TOO_COMPLEX'],
    ['too long', `subscription { opportunityChanged { ${'id '.repeat(300)} } }`, 'TOO_COMPLEX'],
    [
      'too costly',
      'subscription { accountChanged { account { opportunities(first: 200) { nodes { activities(first: 200) { nodes { id } } } } } } }',
      'TOO_COMPLEX',
    ],
  ])('%s', async (_, query, code) => {
    const errors = await live.refused(query);
    expect(errors[0]?.extensions).toMatchObject({ code });
    expect(live.listening.size).toBe(0);
  });

  test('a query, a command, or no document', async () => {
    for (const query of [
      '{ __typename }',
      'mutation { registerAccount(input: { name: "x" }) { id } }',
      '{',
      '',
    ])
      expect((await live.refused(query)).length).toBe(1);
  });

  test('a document that is no text, past the limit on tokens', async () => {
    const socket = await connected();
    const query = parse(ONE, { noLocation: true });
    socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query } }));
    const [message] = await once(socket, 'message');
    expect(JSON.parse(message)).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'VALIDATION' } }],
    });
    socket.terminate();
  });
});

/** A connection that was begun by hand. */
async function connected(): Promise<WebSocket> {
  const socket = new WebSocket(`${live.url}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await once(socket, 'message');
  return socket;
}

describe('a connection', () => {
  test('has so many subscriptions at a time', async () => {
    const three = [await live.subscribe(ONE), await live.subscribe(ONE), await live.subscribe(ONE)];
    expect((await live.refused(ONE))[0]).toMatchObject({
      extensions: { code: 'TOO_COMPLEX', details: { limit: 3 } },
    });
    three[0]?.end();
    await until(() => live.listening.size === 2);
    await live.subscribe(ONE);
    expect(live.listening.size).toBe(3);
  });

  test('that ends leaves nobody listening, not even the first of two with one id', async () => {
    const socket = await connected();
    const begin = { type: 'subscribe', id: 'same', payload: { query: ONE } };
    for (const _ of [1, 2]) socket.send(JSON.stringify(begin));
    await until(() => live.listening.size === 2);
    socket.terminate();
    await until(() => live.listening.size === 0);
  });

  test.each([
    ['https://evil.example', 403],
    ['http://127.0.0.1:1', 403],
    ['null', 403],
  ])('of a page at %s is refused', async (origin, status) => {
    const socket = new WebSocket(`${live.url}/graphql`, 'graphql-transport-ws', { origin });
    const [, response] = await once(socket, 'unexpected-response');
    expect(response.statusCode).toBe(status);
    socket.on('error', () => undefined).terminate();
  });

  test('of our own page, or of no page, is taken', async () => {
    for (const origin of [live.url.replace('ws', 'http'), undefined]) {
      const socket = new WebSocket(
        `${live.url}/graphql`,
        'graphql-transport-ws',
        origin === undefined ? {} : { origin },
      );
      await once(socket, 'open');
      socket.terminate();
    }
  });

  test.each([
    ['by another host name', '/graphql', 'evil.example', 403],
    ['at another place', '/elsewhere', '127.0.0.1', 404],
  ])('%s is refused, and ended', async (_, path, host, status) => {
    const socket = new WebSocket(`${live.url}${path}`, 'graphql-transport-ws', { headers: { host } });
    const [request, response] = await once(socket, 'unexpected-response');
    expect(response.statusCode).toBe(status);
    await once(request, 'close');
    socket.on('error', () => undefined).terminate();
  });

  test('with a message beyond the size of a request is closed', async () => {
    const socket = await connected();
    socket.send('x'.repeat(2_000_000));
    const [code] = await once(socket, 'close');
    expect(code).toBe(1009);
  });
});
