/** What clients other than ours may send: calls that aren't served, broken frames, bytes that are no request. */
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedEventStore, startEmbeddedEventStore } from '../src/index.ts';
import { all, cleanUp, connect, newStream, rejection } from './support.ts';

const UNIMPLEMENTED = 12;
const STREAMS = '/event_store.client.streams.Streams';

/** Sends raw bytes to a method and gives the status that comes back. */
function call(
  port: number,
  path: string,
  chunks: readonly Uint8Array[],
  headers: Record<string, string> = {},
) {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  cleanUp(() => session.destroy());
  return new Promise<{ status: string; message: string }>((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    let answer: Record<string, unknown> = {};
    const note = (more: object) => {
      answer = { ...answer, ...more };
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('error', reject);
    stream.on('close', () =>
      resolve({
        status: String(answer['grpc-status'] ?? answer[':status']),
        message: String(answer['grpc-message']),
      }),
    );
    stream.resume();
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
  });
}

const framed = (...message: number[]): Uint8Array =>
  Uint8Array.from([0, 0, 0, 0, message.length, ...message]);

let store: EmbeddedEventStore;
beforeAll(async () => {
  store = await startEmbeddedEventStore({ inMemory: true });
});
afterAll(() => store.close());

describe('what is not served', () => {
  it('is answered UNIMPLEMENTED, and says what to use', async () => {
    const client = connect(store.connectionString);
    const calls = [() => client.createProjection('p', 'fromAll()'), () => client.restartSubsystem()];
    for (const one of calls) {
      const error = await rejection(one());
      expect(error.message).toMatch(/The embedded EventStoreDB does not .*: use a real EventStoreDB for it/);
      expect(error.code).toBe(UNIMPLEMENTED);
    }
  });

  it('does not keep what is served from working', async () => {
    const client = connect(store.connectionString);
    const stream = newStream();
    await rejection(client.listProjections());
    expect(await client.appendToStream(stream, jsonEvent({ type: 'T', data: {} }))).toMatchObject({
      success: true,
    });
  });
});

describe('broken input', () => {
  it.each([
    ['a message that ends too early', `${STREAMS}/Read`, [framed(0x0a, 0x50)], '3'],
    ['a request without its options', `${STREAMS}/Read`, [framed()], '3'],
    ['a wire type that there is not', `${STREAMS}/Append`, [framed(0x0f)], '3'],
    ['a number without an end', `${STREAMS}/Append`, [framed(...Array<number>(20).fill(0xff))], '3'],
    ['a read with ids as two numbers', `${STREAMS}/Read`, [framed(0x0a, 2, 0x12, 0)], '12'],
    ['an append without anything', `${STREAMS}/Append`, [], '3'],
    ['a compressed message', `${STREAMS}/Read`, [Uint8Array.from([1, 0, 0, 0, 0])], '12'],
    ['a message of 4 GB', `${STREAMS}/Read`, [Uint8Array.from([0, 255, 255, 255, 255])], '8'],
    ['a method that there is not', '/some.Service/Method', [framed()], '12'],
  ] as const)('%s is refused with a status', async (_, path, chunks, status) => {
    expect(await call(store.port, path, chunks)).toMatchObject({ status });
  });

  it('takes a message in pieces of one byte', async () => {
    const name = [...Buffer.from('nobody')];
    const identifier = [0x1a, name.length, ...name];
    const stream = [0x0a, identifier.length, ...identifier, 0x1a, 0];
    const options = [0x0a, stream.length, ...stream, 0x28, 10, 0x42, 0, 0x4a, 2, 0x12, 0];
    const bytes = framed(0x0a, options.length, ...options);
    const pieces = Array.from(bytes, byte => Uint8Array.of(byte));
    expect(await call(store.port, `${STREAMS}/Read`, pieces)).toMatchObject({ status: '0' });
  });

  it('of other kinds of clients ends their connection, not the node', async () => {
    const client = connect(store.connectionString);
    const stream = newStream();
    await client.appendToStream(stream, jsonEvent({ type: 'T', data: {} }));
    for (const bytes of [
      'GET / HTTP/1.1\r\n\r\n',
      '\u0016\u0003\u0001\u0000\u0005hello',
      Buffer.alloc(10_000, 7),
    ]) {
      await new Promise<void>(resolve => {
        const socket = connectTcp(store.port, '127.0.0.1', () => socket.end(bytes));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.resume();
      });
    }
    expect(await call(store.port, `${STREAMS}/Read`, [], { 'content-type': 'text/plain' })).toMatchObject({
      status: '415',
    });
    expect(await all(client.readStream(stream))).toHaveLength(1);
  });
});
