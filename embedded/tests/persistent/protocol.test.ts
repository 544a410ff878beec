/** What the Node.js client doesn't send: strategies by name, numbers that no client sends, and bytes that are no request. */
import { connect as connectHttp2 } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedEventStore, startEmbeddedEventStore } from '../../src/index.ts';
import { frame, nested, number, text } from '../../src/wire.ts';
import { cleanUp, connect, newStream } from '../support.ts';

const SERVICE = '/event_store.client.persistent_subscriptions.PersistentSubscriptions';

let store: EmbeddedEventStore;
beforeAll(async () => {
  store = await startEmbeddedEventStore({ inMemory: true });
});
afterAll(() => store.close());

function call(
  method: string,
  bytes: Uint8Array,
): Promise<{ status: string; message: string; reason: string; stream: string }> {
  const session = connectHttp2(`http://127.0.0.1:${store.port}`);
  cleanUp(() => session.destroy());
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': `${SERVICE}/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
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
        status: String(answer['grpc-status']),
        message: String(answer['grpc-message']),
        reason: String(answer.reason),
        stream: String(answer['stream-name']),
      }),
    );
    stream.resume();
    stream.end(bytes);
  });
}

const name = (field: number, stream: string) => nested(field, text(3, stream));

/** CreateReq for a stream. */
const create = (stream: string, group: string, ...settings: readonly Buffer[]) =>
  frame(
    nested(
      1,
      name(1, stream),
      text(2, group),
      nested(3, number(11, 20), number(12, 500), number(14, 30_000), number(5, 10), ...settings),
    ),
  );

describe('a strategy', () => {
  it.each([
    ['by a name that there is not', text(16, 'Fastest'), 'Fastest'],
    ['by a number that there is not', number(13, 9), '9'],
  ])('%s is refused', async (_, setting, called) => {
    expect(await call('Create', create(newStream(), 'g', setting))).toMatchObject({
      status: '13',
      reason: `Consumer strategy ${called} does not exist.`,
    });
  });
});

describe('settings', () => {
  it('that are negative are told as they came, and a strategy may be named', async () => {
    const client = connect(store.connectionString);
    const stream = newStream();
    const settings = [number(9, -1n), text(16, 'RoundRobin')];
    expect(await call('Create', create(stream, 'g', ...settings))).toMatchObject({ status: '0' });
    const info = await client.getPersistentSubscriptionToStreamInfo(stream, 'g');
    expect(info.settings).toMatchObject({ maxSubscriberCount: -1, consumerStrategyName: 'RoundRobin' });
  });
});

describe('names beyond ASCII', () => {
  it('are told in errors without breaking the answer', async () => {
    const deleted = await call('Delete', frame(nested(1, name(1, 'поток'), text(2, 'группа'))));
    expect(deleted.status).toBe('5');
    expect(decodeURIComponent(deleted.stream)).toBe('поток');
    expect(decodeURIComponent(deleted.message)).toBe(
      'Subscription group группа on stream поток does not exist.',
    );
  });
});

describe('broken input', () => {
  const options = (...fields: readonly Buffer[]) => frame(nested(1, ...fields));
  it.each([
    ['Create', frame(), '3'],
    ['Create', frame(Buffer.of(0x0a, 0x50)), '3'],
    ['Create', options(text(2, 'g')), '13'],
    ['Create', options(text(2, 'g'), nested(5, nested(4))), '3'],
    ['Update', options(nested(3, Buffer.of(0xff))), '3'],
    ['Delete', options(), '13'],
    ['GetInfo', frame(Buffer.alloc(20, 0xff)), '3'],
    ['ReplayParked', options(), '5'],
    ['List', frame(), '3'],
    ['Read', frame(), '3'],
    ['Read', options(name(1, 'a'), text(2, 'g'), number(3, 1)), '12'],
    ['Read', options(name(1, 'a'), text(2, 'g'), number(3, 0), nested(4, nested(2))), '3'],
    ['Read', options(name(1, 'a'), text(2, 'g'), number(3, 1), nested(4, nested(2))), '5'],
  ])('%s %# is answered with a status', async (method, bytes, status) => {
    expect(await call(method, bytes)).toMatchObject({ status });
  });
});
