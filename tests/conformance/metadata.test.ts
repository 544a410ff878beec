/**
 * Stream metadata, by https://docs.kurrent.io/server/v23.10/streams#metadata-and-reserved-names. What they hide can't be
 * read from the stream; in `$all` it stays until a scavenge.
 */
import {
  BACKWARDS,
  binaryEvent,
  END,
  type JSONType,
  jsonEvent,
  NO_STREAM,
  type Position,
  STREAM_EXISTS,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import {
  all,
  collect,
  ids,
  newStream,
  paths,
  rejection,
  revisions,
  signal,
  useEventStore,
} from './support.ts';

const store = useEventStore();
/** Stands for a position that is missing: no event is there. */
const NOWHERE: Position = { commit: 0n, prepare: 0n };
const event = (n = 0) => jsonEvent({ type: 'NumberNoted', data: { n } });
const numbers = (count: number) => Array.from({ length: count }, (_, n) => event(n));
const upTo = (end: number, from = 0) => Array.from({ length: end - from }, (_, n) => BigInt(from + n));

async function streamOf(count: number): Promise<string> {
  const stream = newStream();
  await store.client.appendToStream(stream, numbers(count));
  return stream;
}
const forwards = async (stream: string, fromRevision = 0n, maxCount?: number) =>
  revisions(await all(store.client.readStream(stream, { fromRevision, ...(maxCount && { maxCount }) })));
const backwards = async (stream: string, fromRevision: bigint | 'end' = END, maxCount?: number) =>
  revisions(
    await all(
      store.client.readStream(stream, { direction: BACKWARDS, fromRevision, ...(maxCount && { maxCount }) }),
    ),
  );

describe.each(paths)('metadata over $path', ({ options }) => {
  it('are kept as they were set, with what is one’s own', async () => {
    const stream = newStream();
    const metadata = {
      maxCount: 10,
      maxAge: 3_600,
      truncateBefore: 2,
      cacheControl: 5,
      acl: {
        readRoles: ['$all'],
        writeRoles: ['$admins'],
        deleteRoles: ['a', 'b'],
        metaReadRoles: ['$all'],
        metaWriteRoles: ['c'],
      },
      own: { nested: [1, 'two', null] },
    };
    const set = await store.client.setStreamMetadata(stream, metadata, options);
    expect(set).toMatchObject({ success: true, nextExpectedRevision: 0n });
    expect(await store.client.getStreamMetadata(stream, options)).toEqual({
      streamName: stream,
      metadata,
      metastreamRevision: set.position?.commit,
    });
  });

  it('are the last that were set', async () => {
    const stream = newStream();
    await store.client.setStreamMetadata(stream, { maxCount: 1, own: 1 }, options);
    const set = await store.client.setStreamMetadata(
      stream,
      { own: 2 },
      { ...options, expectedRevision: 0n },
    );
    expect(set.nextExpectedRevision).toBe(1n);
    expect((await store.client.getStreamMetadata(stream)).metadata).toEqual({ own: 2 });
  });

  it('are set under an expected revision of the metastream', async () => {
    const stream = await streamOf(3);
    await store.client.setStreamMetadata(stream, {}, { ...options, expectedRevision: NO_STREAM });
    const again = store.client.setStreamMetadata(stream, {}, { ...options, expectedRevision: NO_STREAM });
    const error = await rejection(again);
    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({ streamName: `$$${stream}`, actualVersion: 0n });
  });

  it('make a stream exist', async () => {
    const stream = newStream();
    await store.client.setStreamMetadata(stream, {}, options);
    const answer = await store.client.appendToStream(stream, event(), {
      ...options,
      expectedRevision: STREAM_EXISTS,
    });
    expect(answer.nextExpectedRevision).toBe(0n);
  });
});

describe('a stream without metadata', () => {
  it('has none', async () => {
    for (const stream of [newStream(), await streamOf(1)])
      expect(await store.client.getStreamMetadata(stream)).toEqual({ streamName: stream });
  });
});

describe('$maxCount', () => {
  it('leaves the latest events, in both directions', async () => {
    const stream = await streamOf(50);
    await store.client.setStreamMetadata(stream, { maxCount: 3 });
    expect(await forwards(stream)).toEqual(upTo(50, 47));
    expect(await forwards(stream, 48n)).toEqual(upTo(50, 48));
    expect(await forwards(stream, 10n, 2)).toEqual(upTo(49, 47));
    expect(await backwards(stream)).toEqual([49n, 48n, 47n]);
    expect(await backwards(stream, 48n)).toEqual([48n, 47n]);
    expect(await backwards(stream, 20n)).toEqual([]);
    expect(await backwards(stream, END, 1)).toEqual([49n]);
  });

  it('moves on with the stream, and counts revisions as before', async () => {
    const stream = await streamOf(3);
    await store.client.setStreamMetadata(stream, { maxCount: 2 });
    const options = { expectedRevision: 2n };
    expect(await store.client.appendToStream(stream, event(), options)).toMatchObject({
      nextExpectedRevision: 3n,
    });
    expect(await forwards(stream)).toEqual([2n, 3n]);
  });

  it('larger than the stream hides nothing', async () => {
    const stream = await streamOf(3);
    await store.client.setStreamMetadata(stream, { maxCount: 10 });
    expect(await forwards(stream)).toEqual(upTo(3));
  });

  it('may be given before the first event, and be taken back', async () => {
    const stream = newStream();
    await store.client.setStreamMetadata(stream, { maxCount: 1 });
    await store.client.appendToStream(stream, numbers(5));
    expect(await forwards(stream)).toEqual([4n]);
    await store.client.setStreamMetadata(stream, {});
    // Nothing has scavenged them: all are there again.
    expect(await forwards(stream)).toEqual(upTo(5));
  });
});

describe('$tb', () => {
  it('hides what is before, in both directions', async () => {
    const stream = await streamOf(100);
    await store.client.setStreamMetadata(stream, { truncateBefore: 60 });
    expect(await forwards(stream)).toEqual(upTo(100, 60));
    expect(await forwards(stream, 0n, 5)).toEqual(upTo(65, 60));
    expect(await backwards(stream)).toEqual(upTo(100, 60).reverse());
    expect(await backwards(stream, 61n)).toEqual([61n, 60n]);
    expect(await backwards(stream, 59n)).toEqual([]);
  });

  it('beyond the last event leaves a stream that is there and empty', async () => {
    const stream = await streamOf(3);
    await store.client.setStreamMetadata(stream, { truncateBefore: 10 });
    expect(await forwards(stream)).toEqual([]);
    expect(await backwards(stream)).toEqual([]);
    await store.client.appendToStream(stream, numbers(9), { expectedRevision: 2n });
    expect(await forwards(stream)).toEqual([10n, 11n]);
  });

  it('counts together with $maxCount, whichever hides more', async () => {
    const stream = await streamOf(20);
    await store.client.setStreamMetadata(stream, { truncateBefore: 5, maxCount: 10 });
    expect(await forwards(stream)).toEqual(upTo(20, 10));
    await store.client.setStreamMetadata(stream, { truncateBefore: 15, maxCount: 10 });
    expect(await forwards(stream)).toEqual(upTo(20, 15));
  });
});

describe('$maxAge', () => {
  it('hides events when they are older', async () => {
    const stream = await streamOf(5);
    await store.client.setStreamMetadata(stream, { maxAge: 1 });
    await expect.poll(() => forwards(stream), { timeout: 10_000 }).toEqual([]);
    expect(await backwards(stream)).toEqual([]);
    await store.client.setStreamMetadata(stream, { maxAge: 3_600 });
    expect(await forwards(stream)).toEqual(upTo(5));
    expect(await backwards(stream)).toEqual(upTo(5).reverse());
  });

  it('leaves the younger ones', async () => {
    const stream = await streamOf(5);
    await store.client.setStreamMetadata(stream, { maxAge: 2 });
    await expect.poll(() => forwards(stream), { timeout: 10_000 }).toEqual([]);
    // Again and again, because a slow machine may let the new one grow old before it is read.
    const readNew = async () => {
      const { nextExpectedRevision } = await store.client.appendToStream(stream, event());
      const [given, back] = [await forwards(stream), await backwards(stream)];
      const whole = given.length > 0 && given.every(revision => (revision ?? 0n) >= 5n);
      return whole && given.at(-1) === nextExpectedRevision && back[0] === nextExpectedRevision;
    };
    await expect.poll(readNew, { timeout: 10_000 }).toBe(true);
  });
});

describe('hidden events', () => {
  it('are not given by a subscription to what was there, and are in $all', async () => {
    const stream = await streamOf(30);
    const [first] = await all(store.client.readStream(stream, { maxCount: 1 }));
    await store.client.setStreamMetadata(stream, { truncateBefore: 28 });
    const subscription = store.client.subscribeToStream(stream);
    const events = collect(subscription, 3);
    await signal(subscription, 'caughtUp');
    await store.client.appendToStream(stream, event());
    expect(revisions(await events)).toEqual([28n, 29n, 30n]);
    const from = { fromPosition: first?.event?.position ?? NOWHERE };
    const everything = (await all(store.client.readAll(from))).filter(one => one.event?.streamId === stream);
    expect(revisions(everything)).toEqual(upTo(31));
  });

  it('are given by a live subscription as they come in', async () => {
    const stream = newStream();
    await store.client.setStreamMetadata(stream, { maxCount: 1 });
    await store.client.appendToStream(stream, event());
    const subscription = store.client.subscribeToStream(stream);
    const events = collect(subscription, 11);
    await signal(subscription, 'caughtUp');
    await store.client.appendToStream(stream, numbers(10));
    expect(revisions(await events)).toEqual(upTo(11));
  });

  it('are repeats of an append still', async () => {
    const stream = newStream();
    const events = numbers(3);
    await store.client.appendToStream(stream, events, { expectedRevision: NO_STREAM });
    await store.client.setStreamMetadata(stream, { truncateBefore: 3 });
    const again = await store.client.appendToStream(stream, events, { expectedRevision: NO_STREAM });
    expect(again).toMatchObject({ success: true, nextExpectedRevision: 2n });
  });
});

describe('a metastream', () => {
  it('shows its last event only, and all of them in $all', async () => {
    const stream = newStream();
    const first = await store.client.setStreamMetadata(stream, { own: 1 });
    for (const own of [2, 3]) await store.client.setStreamMetadata(stream, { own });
    const shown = await all(store.client.readStream(`$$${stream}`));
    expect(shown.map(one => one.event)).toMatchObject([
      { type: '$metadata', revision: 2n, data: { own: 3 } },
    ]);
    const from = { fromPosition: first.position ?? NOWHERE };
    const everything = (await all(store.client.readAll(from))).filter(
      one => one.event?.streamId === `$$${stream}`,
    );
    expect(everything.map(one => one.event?.data)).toEqual([{ own: 1 }, { own: 2 }, { own: 3 }]);
  });

  it.each<[string, JSONType]>([
    ['a limit that is text', { $maxCount: '1' }],
    ['a limit that is not whole', { $maxCount: 1.5 }],
    ['a limit of zero', { $maxCount: 0 }],
    ['a limit, and one that is text', { $maxCount: 1, $tb: '1' }],
    ['a limit, and an age beyond what .NET can count', { $maxCount: 1, $maxAge: 922_337_203_686 }],
    ['a limit, and a cache control that is text', { $maxCount: 1, $cacheControl: 'long' }],
    ['a limit, and no access control list', { $maxCount: 1, $acl: null }],
    ['a limit, and a role that is a number', { $maxCount: 1, $acl: { $r: ['a', 2] } }],
    ['a limit, and a right that is unknown', { $maxCount: 1, $acl: { $x: 'a' } }],
    ['a list', [{ $maxCount: 1 }]],
  ])('whose event says %s hides nothing', async (_, data) => {
    const stream = await streamOf(3);
    await store.client.appendToStream(`$$${stream}`, jsonEvent({ type: '$metadata', data }));
    expect(await forwards(stream)).toEqual(upTo(3));
  });

  it('whose event is not JSON, by what it says of itself, hides nothing', async () => {
    const stream = await streamOf(3);
    const data = Buffer.from('{"$maxCount":1}');
    await store.client.appendToStream(`$$${stream}`, binaryEvent({ type: '$metadata', data }));
    expect(await forwards(stream)).toEqual(upTo(3));
  });

  it('whose event has another type counts all the same', async () => {
    const stream = await streamOf(3);
    await store.client.appendToStream(`$$${stream}`, jsonEvent({ type: 'Other', data: { $maxCount: 1 } }));
    expect(await forwards(stream)).toEqual([2n]);
  });

  it('may belong to a system stream', async () => {
    const stream = `$${newStream()}`;
    const events = numbers(5);
    await store.client.appendToStream(stream, events);
    await store.client.setStreamMetadata(stream, { maxCount: 2 });
    expect(ids(await all(store.client.readStream(stream)))).toEqual(events.slice(3).map(({ id }) => id));
  });
});
