/**
 * Deleting streams, by https://docs.kurrent.io/server/v23.10/streams#deleting-streams-and-events: a deleted stream
 * isn't found, can be written to again and then goes on counting; one with a tombstone is gone for good.
 */
import {
  ANY,
  BACKWARDS,
  END,
  jsonEvent,
  NO_STREAM,
  type Position,
  type ResolvedEvent,
  START,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
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
const LARGEST = 2n ** 63n - 1n;
const event = (n = 0) => jsonEvent({ type: 'NumberNoted', data: { n } });
const numbers = (count: number) => Array.from({ length: count }, (_, n) => event(n));
type Expected = 'any' | 'no_stream' | bigint;

async function streamOf(count: number): Promise<string> {
  const stream = newStream();
  await store.client.appendToStream(stream, numbers(count));
  return stream;
}
async function deletedStream(count = 3): Promise<string> {
  const stream = await streamOf(count);
  await store.client.deleteStream(stream);
  return stream;
}
const read = (stream: string) => all(store.client.readStream(stream));
/**
 * What brings a deleted stream back are metadata that follow the append. On the real server they are a commit of their
 * own, so that a reader may still miss the stream for a moment after the append was answered.
 */
async function readRevived(stream: string): Promise<ResolvedEvent[]> {
  await expect.poll(() => read(stream).then(Boolean, () => false)).toBe(true);
  return read(stream);
}
async function metadataWhen(stream: string, revived: object) {
  await expect.poll(async () => (await store.client.getStreamMetadata(stream)).metadata).toEqual(revived);
  return store.client.getStreamMetadata(stream);
}

/** The events of `$all` that a stream and its metastream have, from the stream's first on. */
async function inAll(stream: string, from: ResolvedEvent['event']): Promise<ResolvedEvent[]> {
  const events = await all(store.client.readAll({ fromPosition: from?.position ?? NOWHERE }));
  return events.filter(one => [stream, `$$${stream}`].includes(one.event?.streamId ?? ''));
}

describe('a deleted stream', () => {
  it('is not found, in either direction and from anywhere', async () => {
    const stream = await deletedStream();
    for (const options of [{}, { direction: BACKWARDS, fromRevision: END }, { fromRevision: 1n }] as const) {
      const error = await rejection(all(store.client.readStream(stream, options)));
      expect(error).toBeInstanceOf(StreamNotFoundError);
      expect(error).toMatchObject({ streamName: stream });
    }
  });

  it('keeps its events in $all, and is deleted there by metadata', async () => {
    const stream = await streamOf(2);
    const [first] = await read(stream);
    const { position } = await store.client.deleteStream(stream);
    const [one, two, deletion, ...rest] = await inAll(stream, first?.event);
    expect([one?.event?.revision, two?.event?.revision]).toEqual([0n, 1n]);
    expect(deletion?.event).toMatchObject({
      streamId: `$$${stream}`,
      type: '$metadata',
      revision: 0n,
      isJson: true,
    });
    expect(deletion?.event?.position).toEqual(position);
    // As the client parses it; on the wire it is 9223372036854775807.
    expect(deletion?.event?.data).toEqual({ $tb: Number(LARGEST) });
    expect(rest).toEqual([]);
  });

  it('is not followed by links any more', async () => {
    const [target, links] = [await streamOf(1), newStream()];
    const data = Buffer.from(`0@${target}`);
    await store.client.appendToStream(links, {
      ...event(),
      type: '$>',
      contentType: 'application/octet-stream',
      data,
    });
    await store.client.deleteStream(target);
    const [link] = await all(store.client.readStream(links, { resolveLinkTos: true }));
    expect(link?.event).toBeUndefined();
    expect(link?.link?.streamId).toBe(links);
  });

  it('can be deleted again', async () => {
    const stream = await deletedStream();
    const { position } = await store.client.deleteStream(stream);
    expect(position?.commit).toBeGreaterThan(0n);
  });

  it('is waited for by a subscription', async () => {
    const stream = await deletedStream(3);
    const subscription = store.client.subscribeToStream(stream);
    const events = collect(subscription, 1);
    await signal(subscription, 'confirmation');
    await store.client.appendToStream(stream, event());
    expect(revisions(await events)).toEqual([3n]);
  });

  it('goes on in a subscription that was there before', async () => {
    const stream = await streamOf(2);
    const subscription = store.client.subscribeToStream(stream);
    const events = collect(subscription, 3);
    await signal(subscription, 'caughtUp');
    await store.client.deleteStream(stream);
    await store.client.appendToStream(stream, event());
    expect(revisions(await events)).toEqual([0n, 1n, 2n]);
  });
});

describe.each(paths)('an append over $path to a deleted stream', ({ options }) => {
  const append = (
    stream: string,
    events: ReturnType<typeof event>[],
    expectedRevision: bigint | 'any' | 'no_stream' | 'stream_exists',
  ) => store.client.appendToStream(stream, events, { ...options, expectedRevision });

  it.each([
    ['any', ANY],
    ['no stream', NO_STREAM],
    ['its last revision', 2n],
  ] as const)('goes on after the last revision under “%s”', async (_, expected) => {
    const stream = await deletedStream(3);
    const events = numbers(2);
    const answer = await append(stream, events, expected);
    expect(answer).toMatchObject({ success: true, nextExpectedRevision: 4n });
    const again = await readRevived(stream);
    expect(ids(again)).toEqual(events.map(({ id }) => id));
    expect(revisions(again)).toEqual([3n, 4n]);
    expect(again[1]?.event?.position).toEqual(answer.position);
  });

  it('is followed in the metastream by where the stream begins now', async () => {
    const stream = await deletedStream(3);
    const { position } = await append(stream, [event()], NO_STREAM);
    const { metastreamRevision } = await metadataWhen(stream, { truncateBefore: 3 });
    expect(metastreamRevision).toBeGreaterThan(position?.commit ?? 0n);
  });

  it.each([
    ['an older revision', 1n],
    ['a newer revision', 3n],
  ] as const)('is refused under “%s”', async (_, expected) => {
    const stream = await deletedStream(3);
    const error = await rejection(append(stream, [event()], expected));
    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({ streamName: stream, expectedVersion: expected, actualVersion: 2n });
    expect(await rejection(read(stream))).toBeInstanceOf(StreamNotFoundError);
  });

  it('is refused under “stream exists”', async () => {
    const stream = await deletedStream();
    const error = await rejection(append(stream, [event()], STREAM_EXISTS));
    expect(error).toBeInstanceOf(StreamDeletedError);
    expect(error).toMatchObject({ type: 'stream-deleted', streamName: stream });
  });

  it('is a repeat of what was appended before the deletion, and brings nothing back', async () => {
    const stream = newStream();
    const events = numbers(2);
    await append(stream, events, NO_STREAM);
    await store.client.deleteStream(stream);
    for (const expected of [NO_STREAM, ANY] as const) {
      const answer = await append(stream, events, expected);
      expect(answer).toMatchObject({ success: true, nextExpectedRevision: 1n });
      expect(answer.position).toBeUndefined();
    }
    expect(await rejection(read(stream))).toBeInstanceOf(StreamNotFoundError);
  });

  it('is refused under “no stream” when it is the beginning of what was there, and more', async () => {
    const stream = newStream();
    const [first, second] = [event(1), event(2)];
    await append(stream, [first], NO_STREAM);
    await store.client.deleteStream(stream);
    const error = await rejection(append(stream, [first, second], NO_STREAM));
    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({ actualVersion: 0n });
  });

  it('comes after every deletion anew', async () => {
    const stream = newStream();
    for (let time = 0n; time < 3n; time++) {
      expect(await append(stream, [event()], NO_STREAM)).toMatchObject({ nextExpectedRevision: time });
      expect(revisions(await readRevived(stream))).toEqual([time]);
      await store.client.deleteStream(stream);
    }
  });
});

const deletions = [
  {
    name: 'a delete',
    remove: (stream: string, options: object) => store.client.deleteStream(stream, options),
  },
  {
    name: 'a tombstone',
    remove: (stream: string, options: object) => store.client.tombstoneStream(stream, options),
  },
] as const;

describe.each(deletions)('$name', ({ remove }) => {
  it.each<[string, Expected]>([
    ['any', ANY],
    ['the current revision', 1n],
  ])('is done under “%s”, and answers its position', async (_, expectedRevision) => {
    const stream = newStream();
    const written = await store.client.appendToStream(stream, numbers(2));
    const { position } = await remove(stream, { expectedRevision });
    expect(position?.commit).toBeGreaterThan(written.position?.commit ?? 0n);
    const [there] = await all(store.client.readAll({ fromPosition: position ?? NOWHERE, maxCount: 1 }));
    expect(there?.event?.position).toEqual(position);
    expect(await rejection(read(stream))).toMatchObject({ streamName: stream });
  });

  it.each<[string, Expected, bigint]>([
    ['no stream', NO_STREAM, -1n],
    ['an older revision', 0n, 0n],
    ['a newer revision', 9n, 9n],
  ])('is refused under “%s”, with both revisions', async (_, expectedRevision, told) => {
    const stream = await streamOf(2);
    const error = await rejection(remove(stream, { expectedRevision }));
    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({
      type: 'wrong-expected-version',
      streamName: stream,
      expectedVersion: told,
      actualVersion: 1n,
    });
    expect(await read(stream)).toHaveLength(2);
  });

  it('with credentials is no different', async () => {
    const stream = await streamOf(1);
    await remove(stream, paths[1].options);
    expect(await rejection(read(stream))).toMatchObject({ streamName: stream });
  });

  it('of a stream that has one already is refused', async () => {
    const stream = await streamOf(1);
    await store.client.tombstoneStream(stream);
    const error = await rejection(remove(stream, {}));
    expect(error).toBeInstanceOf(StreamDeletedError);
    expect(error).toMatchObject({ type: 'stream-deleted', streamName: stream });
  });
});

describe('a delete', () => {
  it.each<[string, Expected, bigint]>([
    ['any', ANY, -2n],
    ['no stream', NO_STREAM, -1n],
    ['a revision', 0n, 0n],
  ])('of what is not there is refused under “%s”', async (_, expectedRevision, told) => {
    const stream = newStream();
    const error = await rejection(store.client.deleteStream(stream, { expectedRevision }));
    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({ streamName: stream, expectedVersion: told, actualVersion: -1n });
  });

  it('takes a stream’s other metadata away', async () => {
    const stream = await streamOf(1);
    await store.client.setStreamMetadata(stream, { maxCount: 5, own: 'kept until now' });
    await store.client.deleteStream(stream);
    await store.client.appendToStream(stream, event());
    await metadataWhen(stream, { truncateBefore: 1 });
  });

  it('of a stream that has only metadata is done', async () => {
    const stream = newStream();
    await store.client.setStreamMetadata(stream, { maxCount: 5 });
    expect((await store.client.deleteStream(stream)).position?.commit).toBeGreaterThan(0n);
  });
});

describe('new metadata of a deleted stream', () => {
  it('bring it back without its events, and are kept', async () => {
    const stream = await deletedStream(3);
    const set = await store.client.setStreamMetadata(stream, { own: 'new' });
    // Its own revision; where the stream begins now is the next one.
    expect(set).toMatchObject({ success: true, nextExpectedRevision: 1n });
    await metadataWhen(stream, { own: 'new', truncateBefore: 3 });
    expect(await read(stream)).toEqual([]);
    await store.client.appendToStream(stream, event(), { expectedRevision: STREAM_EXISTS });
    expect(revisions(await read(stream))).toEqual([3n]);
  });
});

describe('a stream with a tombstone', () => {
  async function tombstoned(): Promise<string> {
    const stream = await streamOf(3);
    await store.client.tombstoneStream(stream);
    return stream;
  }
  const deletedAs = (error: unknown, stream: string): void => {
    expect(error).toBeInstanceOf(StreamDeletedError);
    expect(error).toMatchObject({ type: 'stream-deleted', streamName: stream });
  };

  it('fails reads, in either direction', async () => {
    const stream = await tombstoned();
    for (const options of [{}, { direction: BACKWARDS, fromRevision: END }, { fromRevision: 7n }] as const) {
      deletedAs(await rejection(all(store.client.readStream(stream, options))), stream);
    }
  });

  it.each(paths)('fails appends over $path, whatever they expect', async ({ options }) => {
    const stream = await tombstoned();
    for (const expectedRevision of [ANY, NO_STREAM, STREAM_EXISTS, 0n, 2n, LARGEST] as const) {
      const error = await rejection(
        store.client.appendToStream(stream, event(), { ...options, expectedRevision }),
      );
      deletedAs(error, stream);
    }
  });

  it('fails subscriptions', async () => {
    const stream = await tombstoned();
    for (const fromRevision of [START, 1n] as const) {
      const subscription = store.client.subscribeToStream(stream, { fromRevision });
      let confirmed = false;
      subscription.on('confirmation', () => {
        confirmed = true;
      });
      deletedAs(await rejection(all(subscription)), stream);
      expect(confirmed).toBe(false);
    }
  });

  it('ends the subscriptions that are there', async () => {
    const stream = await streamOf(1);
    const subscription = store.client.subscribeToStream(stream);
    const ended = rejection(all(subscription));
    await signal(subscription, 'caughtUp');
    await store.client.tombstoneStream(stream);
    deletedAs(await ended, stream);
  });

  it('has it in $all, with the largest revision and no data', async () => {
    const stream = await streamOf(1);
    const [first] = await read(stream);
    const { position } = await store.client.tombstoneStream(stream);
    const events = await inAll(stream, first?.event);
    expect(revisions(events)).toEqual([0n, LARGEST]);
    expect(events[1]?.event).toMatchObject({
      streamId: stream,
      type: '$streamDeleted',
      isJson: false,
      position,
    });
    expect(events[1]?.event?.data).toHaveLength(0);
  });

  it('has no metadata any more', async () => {
    const stream = await streamOf(1);
    await store.client.setStreamMetadata(stream, { maxCount: 5 });
    await store.client.tombstoneStream(stream);
    deletedAs(await rejection(store.client.getStreamMetadata(stream)), `$$${stream}`);
  });

  // One that had some still takes others on the real server, for as long as it has its metastream in a cache.
  it('takes no metadata where it had none', async () => {
    const stream = await tombstoned();
    const error = await rejection(store.client.setStreamMetadata(stream, { maxCount: 5 }));
    deletedAs(error, `$$${stream}`);
  });

  it('takes the metastream of its metastream with it', async () => {
    const metametastream = `$$$$${await tombstoned()}`;
    deletedAs(await rejection(read(metametastream)), metametastream);
  });

  it('needs not have been there, nor be there still', async () => {
    const never = newStream();
    const deleted = await deletedStream();
    for (const stream of [never, deleted]) {
      await store.client.tombstoneStream(stream);
      deletedAs(await rejection(read(stream)), stream);
    }
  });
});
