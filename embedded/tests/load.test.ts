/** Many subscribers at once, and slow ones: none loses an event, and none costs the memory of what it hasn't read. */
import { fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { join } from 'node:path';
import { END, jsonEvent, streamNameFilter } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { frame, nested } from '../src/wire.ts';
import { cleanUp, connect, newFolder, newStream, start } from './support.ts';

const note = (n: number, padding = 0) =>
  jsonEvent({ type: 'Noted', data: { n, padding: 'x'.repeat(padding) } });
const MEGABYTE = 1024 * 1024;

describe('a thousand subscriptions at once', () => {
  it('each give every event once, in order', async () => {
    const store = await start({ inMemory: true });
    const writer = connect(store.connectionString);
    const stream = newStream();
    await writer.appendToStream(stream, note(0));
    const filter = streamNameFilter({ prefixes: [stream] });
    const seen: number[][] = [];
    let caughtUp = 0;
    for (let client = 0; client < 10; client++) {
      const reader = connect(store.connectionString);
      for (let n = 0; n < 100; n++) {
        const given: number[] = [];
        seen.push(given);
        const subscription =
          n % 2 === 0
            ? reader.subscribeToStream(stream, { fromRevision: END })
            : reader.subscribeToAll({ fromPosition: END, filter });
        subscription.on('caughtUp', () => caughtUp++);
        subscription.on('data', ({ event }) => {
          const data = event?.data as { n: number } | undefined;
          if (data) given.push(data.n);
        });
      }
    }
    await expect.poll(() => caughtUp, { timeout: 30_000 }).toBe(1_000);
    const numbers = Array.from({ length: 20 }, (_, n) => n + 1);
    for (const n of numbers) await writer.appendToStream(stream, note(n));
    await expect.poll(() => seen.filter(given => given.length >= 20).length, { timeout: 30_000 }).toBe(1_000);
    for (const given of seen) expect(given).toEqual(numbers);
  }, 90_000);
});

describe.skipIf(!existsSync('/proc/self/status'))('readers that do not read', () => {
  const READERS = 40;
  const EVENTS = 400;
  const EVENT_BYTES = 50_000;

  /** A node in a process of its own, whose memory can be seen. */
  async function startProcess(): Promise<{ connectionString: string; residentMb: () => number }> {
    const child = fork(join(import.meta.dirname, 'nodeProcess.ts'), [newFolder()], { execArgv: [] });
    cleanUp(() => void child.kill('SIGKILL'));
    const connectionString = await new Promise<string>(resolve =>
      child.once('message', url => resolve(String(url))),
    );
    const residentMb = () => {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
    };
    return { connectionString, residentMb };
  }

  /** A subscription to `$all` from the start, whose client takes what fits into its window and then no more. */
  function subscribe(port: string): { stream: ClientHttp2Stream; bytes: () => number } {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    session.on('error', () => undefined);
    cleanUp(() => session.destroy());
    const stream = session.request({
      ':method': 'POST',
      ':path': '/event_store.client.streams.Streams/Read',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    let bytes = 0;
    stream.once('data', (chunk: Buffer) => {
      bytes += chunk.length;
      stream.pause();
      stream.on('data', (more: Buffer) => {
        bytes += more.length;
      });
      stream.pause();
    });
    // ReadReq { options { all { start }, subscription, no_filter, uuid_option { string } } }
    const options = [nested(2, nested(2)), nested(6), nested(8), nested(9, nested(2))];
    stream.end(frame(nested(1, ...options)));
    return { stream, bytes: () => bytes };
  }

  it('cost a page each, however much there is for them, and get it all when they do', async () => {
    const { connectionString, residentMb } = await startProcess();
    const client = connect(connectionString);
    const stream = newStream();
    for (let n = 0; n < EVENTS; n += 10)
      await client.appendToStream(
        stream,
        Array.from({ length: 10 }, (_, i) => note(n + i, EVENT_BYTES)),
      );
    const before = residentMb();
    const port = new URL(connectionString.replace('esdb:', 'http:')).port;
    const readers = Array.from({ length: READERS }, () => subscribe(port));
    await expect.poll(() => readers.every(({ bytes }) => bytes() > 0), { timeout: 20_000 }).toBe(true);
    // Others are served meanwhile, over and over.
    for (let n = 0; n < 100; n++) await client.appendToStream(newStream(), note(n, EVENT_BYTES));
    const held = (READERS * EVENTS * EVENT_BYTES) / MEGABYTE;
    expect(residentMb() - before).toBeLessThan(held / 4);
    for (const reader of readers) reader.stream.resume();
    const whole = EVENTS * EVENT_BYTES;
    await expect.poll(() => readers.every(({ bytes }) => bytes() > whole), { timeout: 60_000 }).toBe(true);
  }, 120_000);
});
