import {
  BACKWARDS,
  binaryEvent,
  END,
  FORWARDS,
  jsonEvent,
  NO_STREAM,
  type Position,
  type ReadStreamOptions,
  START,
  StreamNotFoundError,
} from '@eventstore/db-client';
import { beforeAll, describe, expect, it } from 'vitest';
import { all, collect, ids, newStream, rejection, revisions, useEventStore } from './support.ts';

const store = useEventStore();
/** Stands for a position that is missing: no event is there. */
const NOWHERE: Position = { commit: 0n, prepare: 0n };
const event = (n: number) => jsonEvent({ type: 'NumberNoted', data: { n } });
const numbers = (count: number) => Array.from({ length: count }, (_, n) => event(n));

describe('reading a stream', () => {
  const stream = newStream();
  const written = numbers(100);
  beforeAll(async () => {
    await store.client.appendToStream(stream, written, { expectedRevision: NO_STREAM });
  });
  const read = async (options: Parameters<typeof store.client.readStream>[1]) =>
    revisions(await all(store.client.readStream(stream, options)));
  const range = (from: number, to: number) => {
    const step = from <= to ? 1 : -1;
    return Array.from({ length: Math.abs(to - from) + 1 }, (_, n) => BigInt(from + n * step));
  };

  it.each<[string, ReadStreamOptions, bigint[]]>([
    ['all of it', {}, range(0, 99)],
    ['forwards from the start', { direction: FORWARDS, fromRevision: START }, range(0, 99)],
    ['forwards from a revision, with that', { fromRevision: 90n }, range(90, 99)],
    ['a number of events', { maxCount: 7 }, range(0, 6)],
    ['a number of events from a revision', { fromRevision: 50n, maxCount: 3 }, range(50, 52)],
    ['more events than there are', { fromRevision: 95n, maxCount: 50 }, range(95, 99)],
    ['forwards from the last', { fromRevision: 99n }, range(99, 99)],
    ['forwards from beyond the last: nothing', { fromRevision: 100n }, []],
    ['forwards from far beyond the last: nothing', { fromRevision: 2n ** 62n }, []],
    ['backwards from the end', { direction: BACKWARDS, fromRevision: END }, range(99, 0)],
    ['the last event', { direction: BACKWARDS, fromRevision: END, maxCount: 1 }, range(99, 99)],
    ['backwards from a revision, with that', { direction: BACKWARDS, fromRevision: 3n }, range(3, 0)],
    ['backwards from the start: the first', { direction: BACKWARDS, fromRevision: START }, range(0, 0)],
    [
      'backwards from beyond the last: from the last',
      { direction: BACKWARDS, fromRevision: 150n, maxCount: 2 },
      range(99, 98),
    ],
  ])('gives %s', async (_, options, expected) => {
    expect(await read(options)).toEqual(expected);
  });

  it('gives events as they were appended', async () => {
    const [first] = await all(store.client.readStream(stream, { maxCount: 1 }));
    expect(first?.link).toBeUndefined();
    expect(first?.event).toMatchObject({
      streamId: stream,
      id: written[0]?.id,
      revision: 0n,
      type: 'NumberNoted',
      isJson: true,
      data: { n: 0 },
    });
  });

  it('gives each event the position that it has in $all', async () => {
    const [tenth] = await all(store.client.readStream(stream, { fromRevision: 10n, maxCount: 1 }));
    const fromPosition = tenth?.event?.position;
    expect(tenth?.commitPosition).toBe(fromPosition?.commit);
    const [same] = await all(store.client.readAll({ ...(fromPosition && { fromPosition }), maxCount: 1 }));
    expect(same?.event?.id).toBe(tenth?.event?.id);
    expect(same?.event?.position).toEqual(fromPosition);
  });

  it.each<[string, ReadStreamOptions]>([
    ['forwards from the end', { fromRevision: END }],
    ['no events', { maxCount: 0 }],
    ['no events backwards', { direction: BACKWARDS, fromRevision: END, maxCount: 0 }],
  ])('refuses %s, whether the stream is there or not', async (_, options) => {
    for (const name of [stream, newStream()])
      expect(await rejection(all(store.client.readStream(name, options)))).toMatchObject({
        type: 'unknown',
        code: 2,
        message: '2 UNKNOWN: Unexpected ReadStreamResult: Error',
      });
  });

  it('says which stream is not there', async () => {
    const missing = newStream();
    const reads: ReadStreamOptions[] = [
      {},
      { direction: BACKWARDS, fromRevision: END },
      { fromRevision: 7n },
    ];
    for (const options of reads) {
      const error = await rejection(all(store.client.readStream(missing, options)));
      expect(error).toBeInstanceOf(StreamNotFoundError);
      expect(error).toMatchObject({ type: 'stream-not-found', streamName: missing });
    }
  });

  it('can be left in the middle', async () => {
    const long = newStream();
    for (let part = 0; part < 10; part++) await store.client.appendToStream(long, numbers(500));
    for (let time = 0; time < 3; time++) {
      expect(await collect(store.client.readStream(long), 5)).toHaveLength(5);
    }
  });

  it('gives large events whole', async () => {
    const large = newStream();
    const data = Array.from({ length: 12 }, (_, n) => new Uint8Array(700_000).fill(n));
    for (const one of data)
      await store.client.appendToStream(large, binaryEvent({ type: 'Large', data: one }));
    const read = await all(store.client.readStream(large));
    expect(
      read.map(({ event }) =>
        Buffer.compare(event?.data as Uint8Array, data[Number(event?.revision)] ?? Buffer.alloc(0)),
      ),
    ).toEqual(data.map(() => 0));
  });

  it('shows an append as soon as it was answered', async () => {
    const fresh = newStream();
    for (let n = 0; n < 20; n++) {
      const { nextExpectedRevision } = await store.client.appendToStream(fresh, event(n));
      const [last] = await all(
        store.client.readStream(fresh, { direction: BACKWARDS, fromRevision: END, maxCount: 1 }),
      );
      expect(last?.event?.revision).toBe(nextExpectedRevision);
    }
  });
});

describe('reading $all', () => {
  const streams = [newStream(), newStream()] as const;
  const written: string[] = [];
  beforeAll(async () => {
    for (let n = 0; n < 60; n++) {
      const one = event(n);
      written.push(one.id);
      await store.client.appendToStream(streams[n % 2] ?? '', one);
    }
  });
  /** Where the events of this file begin; others' may lie between them. */
  const beginning = async () => {
    const [first] = await all(store.client.readStream(streams[0], { maxCount: 1 }));
    return { fromPosition: first?.event?.position ?? NOWHERE };
  };
  const mine = (id: string | undefined): boolean => id !== undefined && written.includes(id);

  it('gives the events of all streams in the order of their commits', async () => {
    const events = await all(store.client.readAll(await beginning()));
    expect(ids(events).filter(mine)).toEqual(written);
    const commits = events.map(({ commitPosition }) => commitPosition ?? 0n);
    expect(commits).toEqual([...commits].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(commits).size).toBe(commits.length);
  });

  it('gives from a position on, with the event that is there', async () => {
    const [, second] = (await all(store.client.readAll(await beginning()))).filter(({ event }) =>
      mine(event?.id),
    );
    const fromPosition = second?.event?.position ?? NOWHERE;
    const [first] = await all(store.client.readAll({ fromPosition, maxCount: 1 }));
    expect(first?.event?.id).toBe(written[1]);
  });

  it('gives backwards from a position, without the event that is there', async () => {
    const events = (await all(store.client.readAll(await beginning()))).filter(({ event }) =>
      mine(event?.id),
    );
    const fromPosition = events[30]?.event?.position ?? NOWHERE;
    const before = await collect(
      store.client.readAll({ direction: BACKWARDS, fromPosition }),
      ({ event }) => event?.id === written[0],
    );
    expect(ids(before).filter(mine)).toEqual(written.slice(0, 30).reverse());
  });

  it('gives backwards from the end', async () => {
    const events = await collect(
      store.client.readAll({ direction: BACKWARDS, fromPosition: END }),
      ({ event }) => event?.id === written[0],
    );
    expect(ids(events).filter(mine)).toEqual([...written].reverse());
  });

  it('gives the number of events asked for', async () => {
    expect(await all(store.client.readAll({ maxCount: 7 }))).toHaveLength(7);
    expect(
      await all(store.client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 7 })),
    ).toHaveLength(7);
  });

  it('gives nothing after the end and nothing before the start', async () => {
    expect(await all(store.client.readAll({ fromPosition: END }))).toHaveLength(0);
    expect(await all(store.client.readAll({ direction: BACKWARDS, fromPosition: START }))).toHaveLength(0);
  });

  it('gives thousands of events', async () => {
    const many = newStream();
    const wanted = new Set<string>();
    const { position } = await store.client.appendToStream(many, event(0));
    for (let part = 0; part < 6; part++) {
      const events = numbers(500);
      for (const { id } of events) wanted.add(id);
      await store.client.appendToStream(many, events);
    }
    const events = await all(store.client.readAll({ fromPosition: position ?? NOWHERE }));
    expect(ids(events).filter(id => id !== undefined && wanted.has(id))).toEqual([...wanted]);
  });
});
