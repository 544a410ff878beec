/** The node's door: what is spoken there, what isn't, and how it is shut. */
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { startEmbeddedEventStore } from '../src/index.ts';
import { all, cleanUp, connect, newFolder, newStream, rejection, start } from './support.ts';

const note = (n: number) => jsonEvent({ type: 'NumberNoted', data: { n } });

describe('the port', () => {
  it('answers over HTTP/2 too', async () => {
    const { port } = await start({ inMemory: true });
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    cleanUp(() => session.destroy());
    const stream = session.request({ ':path': '/info' });
    let body = '';
    stream.on('data', chunk => {
      body += chunk;
    });
    const status = await new Promise(resolve =>
      stream.on('response', headers => resolve(headers[':status'])),
    );
    await new Promise(resolve => stream.on('close', resolve));
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ state: 'leader' });
  });

  it('says what to use for what is not served', async () => {
    const { port } = await start({ inMemory: true });
    const missing = await fetch(`http://127.0.0.1:${port}/streams/order-1`);
    expect(missing.status).toBe(404);
    expect(await missing.text()).toMatch(/use a real EventStoreDB/);
    expect((await fetch(`http://127.0.0.1:${port}/info`, { method: 'POST' })).status).toBe(415);
  });

  it('takes its first bytes one by one', async () => {
    const { port } = await start({ inMemory: true });
    const socket = connectTcp(port, '127.0.0.1');
    cleanUp(() => void socket.destroy());
    const answered = new Promise<string>(resolve => socket.once('data', data => resolve(String(data))));
    socket.setNoDelay(true);
    for (const byte of 'GET /info HTTP/1.1\r\nhost: here\r\n\r\n') socket.write(byte);
    expect(await answered).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  it('refuses TLS with an error that says so, and a sentence for who looks at the bytes', async () => {
    const { port } = await start({ inMemory: true });
    const client = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${port}?tls=true`);
    cleanUp(() => client.dispose());
    const error = await rejection(client.appendToStream(newStream(), note(1), { deadline: 10_000 }));
    expect(error).toMatchObject({
      message: expect.stringMatching(/wrong version number/),
    });
    const socket = connectTcp(port, '127.0.0.1', () => socket.write(Buffer.from([0x16, 3, 1, 0, 1, 1])));
    const answer = await new Promise<string>(resolve => socket.once('data', data => resolve(String(data))));
    expect(answer).toMatch(/has no TLS: connect with tls=false/);
  });
});

describe('closing', () => {
  it('answers what it has taken, and what it has answered is there', async () => {
    const dataDir = newFolder();
    const store = await startEmbeddedEventStore({ dataDir });
    const client = connect(store.connectionString);
    const streams = Array.from({ length: 16 }, newStream);
    const counts = streams.map(() => 0);
    const errors: unknown[] = [];
    const writing = streams.map(async (stream, index) => {
      try {
        for (;;) {
          await client.appendToStream(stream, note(0));
          counts[index] = (counts[index] ?? 0) + 1;
        }
      } catch (error) {
        errors.push(error);
      }
    });
    await expect.poll(() => Math.min(...counts)).toBeGreaterThan(3);
    await store.close();
    await Promise.all(writing);
    expect(errors).toHaveLength(streams.length);
    const again = connect((await start({ dataDir })).connectionString);
    for (const [index, stream] of streams.entries()) {
      const stored = (await all(again.readStream(stream))).length;
      // At most the one append that had not come in yet is missing an answer.
      expect([counts[index], (counts[index] ?? 0) + 1]).toContain(stored);
    }
  });

  it('is not held up by connections that say nothing, or nothing any more', async () => {
    const store = await startEmbeddedEventStore({ inMemory: true });
    const silent = connectTcp(store.port, '127.0.0.1');
    // It may be cut off.
    silent.on('error', () => undefined);
    cleanUp(() => void silent.destroy());
    await new Promise(resolve => silent.once('connect', resolve));
    const half = connectTcp(store.port, '127.0.0.1', () => half.write('PRI * HTTP/2.0\r\n\r\nSM'));
    half.on('error', () => undefined);
    cleanUp(() => void half.destroy());
    const ended = new Promise(resolve => silent.once('close', resolve));
    silent.resume();
    await store.close();
    await ended;
  });
});
