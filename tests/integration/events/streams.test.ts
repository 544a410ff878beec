/** The event feed as server-sent events, over HTTP. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonEvent } from '@eventstore/db-client';
import { startEmbeddedEventStore } from '@relata/embedded-eventstore';
import { EventSource } from 'eventsource';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { eventLog } from '../../../src/eventstore/log.ts';
import { until } from '../api/until.ts';
import { openFeedWorld } from './feedWorld.ts';
import { type Message, openStream } from './sse.ts';

const UNREADABLE = { kind: 'undecodable', revision: 0 } as const;

async function openWorld(options?: Parameters<typeof openFeedWorld>[0]) {
  const world = await openFeedWorld(options);
  onTestFinished(() => world.close());
  return {
    ...world,
    register: async (count: number) => {
      const ids: string[] = [];
      for (let i = 0; i < count; i++) ids.push((await world.send('registerAccount', { name: `A${i}` })).id);
      return ids;
    },
  };
}

async function streamOf(address: string, lastSeen?: string) {
  const stream = await openStream(address, lastSeen);
  onTestFinished(stream.leave);
  return stream;
}

/** The first message that is so. */
async function first(stream: Awaited<ReturnType<typeof openStream>>, is: (message: Message) => boolean) {
  for (;;) {
    const message = await stream.next();
    if (!message) throw new Error('the stream has ended');
    if (is(message)) return message;
  }
}

test('what there is, then what comes, each with the cursor as its id; and when there is no more', async () => {
  const world = await openWorld();
  await world.register(3);
  const stream = await streamOf(`${world.url}/events`);
  expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(await stream.next()).toEqual({
    retry: '2000',
    event: 'position',
    id: 'start',
    data: '{"position":"start","end":false}',
  });
  const before = await stream.events(3);
  const end = await first(stream, ({ event }) => event === 'position');
  expect(JSON.parse(end.data ?? '')).toEqual({ position: before[2]?.id, end: true });
  await world.register(2);
  const all = [...before, ...(await stream.events(2))];
  const { events } = await world.page('');
  expect(all.map(({ event }) => event)).toEqual(JSON.parse(JSON.stringify(events)));
  expect(all.map(({ id }) => id)).toEqual(events.map(({ position }) => position));
});

test('a client that others wrote goes on by itself after an interruption, without gap or double', async () => {
  const world = await openWorld();
  const expected = await world.register(5);
  const { app, url } = await world.serve();
  const { port } = new URL(url);
  const got: string[] = [];
  let wake: () => void = () => undefined;
  const source = new EventSource(`${url}/events?types=AccountRegistered`);
  onTestFinished(() => source.close());
  source.onmessage = ({ data }) => {
    got.push(JSON.parse(data).subject.slice('account/'.length));
    wake();
  };
  const heard = async (count: number) => {
    while (got.length < count)
      await new Promise<void>(resolve => {
        wake = resolve;
      });
  };
  await heard(5);
  await app.close(); // the stream is ended at once, though nobody has left it
  expected.push(...(await world.register(5)));
  const again = await world.serveAt(Number(port));
  await heard(10);
  expected.push(...(await world.register(5)));
  await heard(15);
  expect(again.url).toBe(url);
  expect(got).toEqual(expected);
});

test('any reader that leaves and comes again, wherever, gets exactly the log', async () => {
  const world = await openWorld();
  await world.register(20);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 3, maxLength: 6 }),
      async portions => {
        const got: string[] = [];
        let lastSeen: string | undefined;
        const written: Promise<unknown>[] = [];
        for (const count of portions) {
          written.push(world.register(count)); // so that there is enough for each
          const stream = await openStream(`${world.url}/events`, lastSeen);
          const events = await stream.events(count);
          stream.leave();
          got.push(...events.map(({ event }) => String(event.id)));
          lastSeen = events.at(-1)?.id;
        }
        await Promise.all(written);
        const all = (await world.logged()).map(event => event.id);
        expect(got).toEqual(all.slice(0, got.length));
      },
    ),
    { numRuns: 6 },
  );
});

test('who wants little is still told how far the stream has come', async () => {
  const world = await openWorld();
  const { url } = await world.serve({ limits: { heartbeatMs: 20 } });
  const stream = await streamOf(`${url}/events?after=end&types=ContactCreated`);
  await first(stream, ({ comment }) => comment === 'still here');
  await world.register(2);
  const { next } = await world.page('?after=end');
  const passed = await first(stream, ({ id }) => id === next);
  expect(passed.event).toBe('position');
  await first(stream, ({ comment }) => comment === 'still here');
  const again = await streamOf(`${url}/events?types=ContactCreated`, next);
  const { id } = await world.send('createContact', { name: 'Ann' });
  for (const each of [stream, again]) expect((await each.events(1))[0]?.event.subject).toBe(`contact/${id}`);
});

test('a store that is away is waited for, and said to be', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'relata-feed-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const world = await openWorld({ dataDir });
  await world.register(2);
  const { url } = await world.serve({ limits: { heartbeatMs: 50 } });
  const stream = await streamOf(`${url}/events`);
  const before = await stream.events(2);
  await first(stream, ({ event }) => event === 'position');
  await world.store.close();
  await first(stream, ({ comment }) => comment === 'still here');
  const late = await fetch(`${url}/events`);
  expect(late.status).toBe(503);
  expect(late.headers.get('retry-after')).toBe('1');
  const again = await startEmbeddedEventStore({ dataDir, port: world.store.port });
  onTestFinished(() => again.close());
  const [added] = await world.register(1);
  const after = await stream.events(1);
  expect(after[0]?.event.subject).toBe(`account/${added}`);
  expect(before.map(({ event }) => event.type)).toEqual(Array(2).fill('relata.AccountRegistered'));
});

test('a reader who takes nothing is not read for: what he costs does not grow', async () => {
  const world = await openWorld();
  const text = 'x'.repeat(8_000);
  const stream = `account-default.${randomUUID()}`;
  for (let n = 0; n < 40; n++)
    await world.client.appendToStream(
      stream,
      Array.from({ length: 50 }, () =>
        jsonEvent({ id: randomUUID(), type: 'AccountRegistered', data: { text } }),
      ),
    );
  let decoded = 0;
  const { url } = await world.serve({
    decode: async events => {
      decoded += events.length;
      return events.map(({ streamId: stream, type }) => ({ ...UNREADABLE, reason: text, stream, type }));
    },
  });
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  socket.pause();
  socket.write('GET /events HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n');
  // It stands still once the buffers on the way are full; another reader meanwhile gets all.
  const quick = await streamOf(`${url}/events`);
  await quick.events(2_000);
  expect(decoded).toBeGreaterThan(2_000);
  expect(decoded).toBeLessThan(3_500);
});

test('a stop of the server ends streams in order, and answers pages that wait', async () => {
  const world = await openWorld();
  await world.register(1);
  const log = eventLog(world.client);
  let reads = 0;
  const read: typeof log.read = (from, max) => {
    reads += 1;
    return log.read(from, max);
  };
  const { app, url } = await world.serve({ log: { ...log, read } });
  const stream = await streamOf(`${url}/events`);
  await first(stream, ({ data }) => data?.includes('"end":true') === true);
  const before = reads;
  const waiting = fetch(`${url}/events?after=end&wait=30`);
  await until(() => reads > before);
  await app.close();
  expect(await stream.next(), 'not cut off, which would be an error').toBeUndefined();
  const page = await waiting;
  expect([page.status, await page.json(), page.headers.get('relata-end')]).toEqual([200, [], 'true']);
});

test('for who has left nothing is heard any more', async () => {
  const world = await openWorld();
  const log = eventLog(world.client);
  let listening = 0;
  const listen: typeof log.listen = (after, listener) => {
    const end = log.listen(after, listener);
    listening += 1;
    return () => {
      listening -= 1;
      end();
    };
  };
  const { url } = await world.serve({ log: { ...log, listen } });
  const [one, two] = [await openStream(`${url}/events`), await openStream(`${url}/events`)];
  for (const each of [one, two]) await first(each, ({ data }) => data?.includes('"end":true') === true);
  expect(listening).toBe(1);
  one.leave();
  await world.register(1);
  await two.events(1);
  expect(listening).toBe(1);
  two.leave();
  await until(() => listening === 0);
});

test('so many streams and no more', async () => {
  const world = await openWorld();
  const { url } = await world.serve({ limits: { eventStreams: 2 } });
  const [one] = [await streamOf(`${url}/events`), await streamOf(`${url}/events`)];
  await one?.next();
  const refused = await openStream(`${url}/events`);
  expect(refused.status).toBe(503);
  expect(await refused.text()).toContain('UNAVAILABLE');
  one?.leave();
  let status = 503;
  while (status === 503) {
    const next = await openStream(`${url}/events`);
    status = next.status;
    next.leave();
    if (status === 503) await next.text().catch(() => undefined);
  }
  expect(status).toBe(200);
});

test('a place of another log is refused before the stream begins', async () => {
  const world = await openWorld();
  await world.register(1);
  const refused = await openStream(`${world.url}/events`, '7777777.7777777.00000000');
  expect(refused.status).toBe(409);
  expect(await refused.text()).toContain('CURSOR_UNKNOWN');
});
