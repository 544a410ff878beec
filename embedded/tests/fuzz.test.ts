/**
 * Whatever bytes come in over HTTP/2, the node answers or cuts the connection: it never ends, and what it stores stays
 * whole. Requests are real ones that are broken somewhere, and bytes that never were a request.
 */
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { jsonEvent } from '@eventstore/db-client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedEventStore, startEmbeddedEventStore } from '../src/index.ts';
import { frame, nested, number, text } from '../src/wire.ts';
import { all, connect, newStream } from './support.ts';

const STREAMS = '/event_store.client.streams.Streams';
const METHODS = ['Append', 'BatchAppend', 'Read', 'Delete', 'Tombstone'].map(name => `${STREAMS}/${name}`);
const OTHERS = [
  '/event_store.client.server_features.ServerFeatures/GetSupportedMethods',
  '/event_store.client.gossip.Gossip/Read',
  '/event_store.client.users.Users/Create',
];
/** Long enough for an answer; what waits longer is a subscription. */
const ANSWER_MS = 100;

let store: EmbeddedEventStore;
let session: ClientHttp2Session;
let died: unknown;
beforeAll(async () => {
  store = await startEmbeddedEventStore({ inMemory: true });
  store.closed.catch((error: unknown) => {
    died = error;
  });
  session = connectHttp2(`http://127.0.0.1:${store.port}`);
  session.on('error', () => undefined);
});
afterAll(async () => {
  session.destroy();
  await store.close();
});

/** Sends bytes in chunks and ends; resolves when the call is over, or was let wait as a subscription is. */
async function send(path: string, chunks: readonly Uint8Array[], end: 'end' | 'cancel'): Promise<void> {
  if (session.destroyed || session.closed) {
    session = connectHttp2(`http://127.0.0.1:${store.port}`);
    session.on('error', () => undefined);
  }
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined);
  stream.resume();
  const over = new Promise<void>(resolve => stream.once('close', resolve));
  for (const chunk of chunks) stream.write(chunk);
  if (end === 'cancel') stream.close(8);
  else stream.end();
  const waiting = setTimeout(() => stream.close(8), ANSWER_MS);
  await over;
  clearTimeout(waiting);
}

/** Names of all sizes, among them ones that aren't UTF-8. */
const name = fc.oneof(
  fc.constantFrom('fuzzed', '$all', '$$fuzzed', '$$$$', '$ce-', '-', ''),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.nat({ max: 200_000 }).map(length => 'n'.repeat(length)),
);
const nameBytes = fc.oneof(
  name.map(value => Buffer.from(value)),
  fc.uint8Array({ maxLength: 20 }).map(bytes => Buffer.from(bytes)),
);
const any64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const identifier = nameBytes.map(bytes => nested(1, nested(3, bytes)));
const expectation = fc.oneof(
  any64.map(revision => number(2, revision)),
  fc.constantFrom(3, 4, 5).map(field => nested(field)),
);
const writeOptions = fc
  .tuple(identifier, expectation, fc.option(any64, { nil: undefined }))
  .map(([stream, expected, seconds]) => {
    const deadline = seconds === undefined ? [] : [nested(7, number(1, seconds))];
    return Buffer.concat([stream, expected, ...deadline]);
  });
const proposal = fc
  .tuple(fc.oneof(fc.uuid(), fc.string()), name, nameBytes, nameBytes)
  .map(([id, type, data, metadata]) =>
    Buffer.concat([
      nested(1, text(2, id)),
      nested(2, text(1, 'type'), text(2, type)),
      nested(2, text(1, 'content-type'), text(2, 'application/json')),
      nested(3, metadata),
      nested(4, data),
    ]),
  );
const append = fc.oneof(
  writeOptions.map(options => nested(1, options)),
  proposal.map(event => nested(2, event)),
);
const batch = fc
  .tuple(fc.uint8Array({ maxLength: 20 }), writeOptions, fc.array(proposal, { maxLength: 3 }), fc.nat())
  .map(([correlation, options, events, final]) =>
    Buffer.concat([
      nested(1, correlation),
      nested(2, options),
      ...events.map(e => nested(3, e)),
      number(4, final),
    ]),
  );
const filter = fc
  .tuple(fc.constantFrom(1, 2), fc.string(), fc.array(name, { maxLength: 3 }), any64, any64)
  .map(([kind, regex, prefixes, window, multiplier]) =>
    nested(
      7,
      nested(kind, text(1, regex), ...prefixes.map(prefix => text(2, prefix))),
      number(3, window),
      number(5, multiplier),
    ),
  );
const read = fc
  .tuple(
    fc.oneof(
      identifier.map(stream => nested(1, stream, nested(3))),
      fc.tuple(identifier, any64).map(([stream, from]) => nested(1, stream, number(2, from))),
      any64.map(position => nested(2, nested(1, number(1, position), number(2, position)))),
    ),
    fc.oneof(
      any64.map(count => number(5, count)),
      fc.constant(nested(6)),
    ),
    fc.option(filter, { nil: undefined }),
    fc.array(fc.tuple(fc.constantFrom(3, 4, 8, 10, 15), any64), { maxLength: 3 }),
  )
  .map(([source, count, filtered, others]) =>
    nested(
      1,
      source,
      count,
      nested(9, nested(2)),
      ...(filtered ? [filtered] : []),
      ...others.map(([field, value]) => number(field, value)),
    ),
  );
const write = writeOptions.map(options => nested(1, options));
const junk = fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes));
const message = fc.oneof(append, batch, read, write, junk);

/** What the wire may do to a request: nothing, cut it, turn a bit, put something in between, lie about its length. */
const damage = fc.oneof(
  fc.constant((bytes: Buffer) => bytes),
  fc.nat().map(at => (bytes: Buffer) => bytes.subarray(0, bytes.length === 0 ? 0 : at % bytes.length)),
  fc.tuple(fc.nat(), fc.nat({ max: 7 })).map(([at, bit]) => (bytes: Buffer) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ (1 << bit);
    return copy;
  }),
  junk.map(extra => (bytes: Buffer) => Buffer.concat([bytes.subarray(0, bytes.length >> 1), extra, bytes])),
  fc.nat({ max: 0xffffffff }).map(length => (bytes: Buffer) => {
    const copy = Buffer.from(bytes);
    if (copy.length >= 5) copy.writeUInt32BE(length, 1);
    return copy;
  }),
);
const call = fc.record({
  path: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...METHODS) },
    { weight: 1, arbitrary: fc.constantFrom(...OTHERS) },
  ),
  messages: fc.array(
    fc
      .tuple(message, damage, fc.boolean())
      .map(([bytes, change, isFramed]) => change(isFramed ? frame(bytes) : bytes)),
    { maxLength: 4 },
  ),
  piece: fc.constantFrom(1, 7, 1_000, 1_000_000),
  end: fc.constantFrom('end' as const, 'end' as const, 'cancel' as const),
});

const pieces = (messages: readonly Buffer[], size: number): Buffer[] => {
  const bytes = Buffer.concat(messages);
  // Pieces of one byte of what is long say nothing new, a thousand times over.
  const step = Math.max(size, Math.ceil(bytes.length / 200));
  return Array.from({ length: Math.ceil(bytes.length / step) }, (_, n) =>
    bytes.subarray(n * step, (n + 1) * step),
  );
};

async function serves(): Promise<void> {
  expect(died).toBeUndefined();
  const client = connect(store.connectionString);
  const stream = newStream();
  await client.appendToStream(stream, jsonEvent({ type: 'Noted', data: { text: 'whole' } }));
  const [read] = await all(client.readStream(stream));
  expect(read?.event?.data).toEqual({ text: 'whole' });
}

describe('fuzzed input', () => {
  it('in gRPC calls neither ends the node nor damages what it stores', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 8 }), async calls => {
        await Promise.all(
          calls.map(({ path, messages, piece, end }) => send(path, pieces(messages, piece), end)),
        );
        expect(died).toBeUndefined();
      }),
      { numRuns: 100, interruptAfterTimeLimit: 60_000 },
    );
    await serves();
    expect((await store.verify()).problems).toEqual([]);
  }, 120_000);

  it('in place of HTTP/2 does neither', async () => {
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    const start = fc.constantFrom(
      Buffer.alloc(0),
      preface,
      Buffer.from('GET '),
      Buffer.from('POST //'),
      Buffer.of(0x16),
    );
    await fc.assert(
      fc.asyncProperty(start, fc.array(junk, { maxLength: 4 }), async (begin, rest) => {
        await new Promise<void>(resolve => {
          const socket = connectTcp(store.port, '127.0.0.1', () =>
            socket.end(Buffer.concat([begin, ...rest])),
          );
          socket.setTimeout(ANSWER_MS, () => socket.destroy());
          socket.on('error', () => undefined);
          socket.on('close', () => resolve());
          socket.resume();
        });
        expect(died).toBeUndefined();
      }),
      { numRuns: 100, interruptAfterTimeLimit: 30_000 },
    );
    await serves();
  }, 60_000);
});
