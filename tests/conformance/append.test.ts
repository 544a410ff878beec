import {
  ANY,
  binaryEvent,
  EventStoreDBClient,
  jsonEvent,
  MaxAppendSizeExceededError,
  NO_STREAM,
  type ResolvedEvent,
  STREAM_EXISTS,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { all, newStream, paths, rejection, revisions, useEventStore } from './support.ts';

const store = useEventStore();
const event = (n = 0) => jsonEvent({ type: 'NumberNoted', data: { n } });
/** What the events of `numbers` noted. */
const notedNumbers = (events: readonly ResolvedEvent[]) =>
  events.map(({ event }) => (event?.data as { n: number } | undefined)?.n);
const numbers = (count: number) => Array.from({ length: count }, (_, n) => event(n));

describe.each(paths)('append over $path', ({ options }) => {
  const append = (
    stream: string,
    events: ReturnType<typeof event>[],
    expectedRevision?: bigint | 'any' | 'no_stream' | 'stream_exists',
  ) =>
    store.client.appendToStream(stream, events, {
      ...options,
      ...(expectedRevision !== undefined && { expectedRevision }),
    });

  it('answers the revision of the last event and a position', async () => {
    const stream = newStream();
    const first = await append(stream, [event()], NO_STREAM);
    const second = await append(stream, numbers(3), 0n);
    expect(first).toMatchObject({ success: true, nextExpectedRevision: 0n });
    expect(second).toMatchObject({ success: true, nextExpectedRevision: 3n });
    expect(second.position?.commit).toBeGreaterThan(first.position?.commit ?? 0n);
  });

  it('answers the position that reads give the event', async () => {
    const stream = newStream();
    const { position } = await append(stream, [event()], NO_STREAM);
    const [read] = await all(store.client.readStream(stream));
    expect(read?.event?.position).toEqual(position);
    expect(read?.commitPosition).toBe(position?.commit);
  });

  it.each([
    ['any', ANY],
    ['no stream', NO_STREAM],
  ] as const)('creates a stream under “%s”', async (_, expected) => {
    expect(await append(newStream(), [event()], expected)).toMatchObject({
      success: true,
      nextExpectedRevision: 0n,
    });
  });

  it.each([
    ['any', ANY, 1n],
    ['stream exists', STREAM_EXISTS, 1n],
    ['the current revision', 0n, 1n],
  ] as const)('goes on with a stream under “%s”', async (_, expected, next) => {
    const stream = newStream();
    await append(stream, [event()]);
    expect(await append(stream, [event()], expected)).toMatchObject({
      success: true,
      nextExpectedRevision: next,
    });
  });

  it.each([
    ['no stream', NO_STREAM, NO_STREAM],
    ['an older revision', 0n, 0n],
    ['a newer revision', 7n, 7n],
  ] as const)('is refused under “%s” with both revisions', async (_, expected, told) => {
    const stream = newStream();
    await append(stream, numbers(2));
    const error = await rejection(append(stream, [event()], expected));
    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({
      type: 'wrong-expected-version',
      streamName: stream,
      expectedVersion: told,
      actualVersion: 1n,
    });
    expect(await all(store.client.readStream(stream))).toHaveLength(2);
  });

  it.each([
    ['stream exists', STREAM_EXISTS],
    ['a revision', 0n],
  ] as const)('is refused under “%s” where there is no stream', async (_, expected) => {
    const stream = newStream();
    const error = await rejection(append(stream, [event()], expected));
    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({ streamName: stream, expectedVersion: expected, actualVersion: NO_STREAM });
  });

  it('is all or nothing, in the order given', async () => {
    const stream = newStream();
    await append(stream, numbers(500), NO_STREAM);
    await rejection(append(stream, numbers(500), NO_STREAM));
    const read = await all(store.client.readStream(stream));
    expect(notedNumbers(read)).toEqual(numbers(500).map(({ data }) => data.n));
  });

  it('lets exactly one of many win the same revision', async () => {
    const stream = newStream();
    await append(stream, [event()], NO_STREAM);
    const outcomes = await Promise.allSettled(numbers(20).map(one => append(stream, [one], 0n)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const losers = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason] : []));
    for (const loser of losers) expect(loser).toMatchObject({ expectedVersion: 0n, actualVersion: 1n });
  });

  it('gives concurrent appends under “any” consecutive revisions', async () => {
    const stream = newStream();
    const answers = await Promise.all(numbers(64).map(one => append(stream, [one])));
    const answered = answers.map(answer => answer.nextExpectedRevision).sort((a, b) => Number(a - b));
    expect(answered).toEqual(answers.map((_, n) => BigInt(n)));
    expect(revisions(await all(store.client.readStream(stream)))).toEqual(answered);
  });

  it('keeps bytes, type and metadata as sent', async () => {
    const stream = newStream();
    const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
    const text = 'naïve 字 \u{1f600} "quoted" \\ \n';
    await store.client.appendToStream(
      stream,
      [
        jsonEvent({
          type: 'Unicode-字',
          data: { text, big: 12345678901234.5, nested: { list: [1, null, true] } },
          metadata: { text },
        }),
        binaryEvent({ type: 'Bytes', data: bytes, metadata: bytes }),
        jsonEvent({ type: 'Bare', data: {} }),
        binaryEvent({ type: 'Empty', data: new Uint8Array() }),
      ],
      options,
    );
    const events = (await all(store.client.readStream(stream))).map(({ event }) => event);
    expect(events[0]).toMatchObject({
      type: 'Unicode-字',
      isJson: true,
      data: { text, big: 12345678901234.5, nested: { list: [1, null, true] } },
      metadata: { text },
    });
    expect(events[1]).toMatchObject({ type: 'Bytes', isJson: false });
    expect(Uint8Array.from(events[1]?.data as Uint8Array)).toEqual(bytes);
    expect(Uint8Array.from(events[1]?.metadata as Uint8Array)).toEqual(bytes);
    expect(events[2]).toMatchObject({ data: {}, metadata: undefined });
    expect(events[3]).toMatchObject({ isJson: false });
    expect(events[3]?.data).toHaveLength(0);
  });

  it('dates events by the server’s clock', async () => {
    const stream = newStream();
    await append(stream, [event()]);
    const [read] = await all(store.client.readStream(stream));
    expect(Math.abs(Date.now() - (read?.event?.created.getTime() ?? 0))).toBeLessThan(60_000);
  });

  it('takes streams with any characters in their names', async () => {
    const stream = `${newStream()}-zwölf 字 "\\ ' %`;
    await append(stream, [event()], NO_STREAM);
    const [read] = await all(store.client.readStream(stream));
    expect(read?.event?.streamId).toBe(stream);
  });

  it('refuses an append above the maximum size, and says which that is', async () => {
    const stream = newStream();
    const large = binaryEvent({ type: 'Large', data: new Uint8Array(1_200_000) });
    const many = Array.from({ length: 12 }, () =>
      binaryEvent({ type: 'Large', data: new Uint8Array(100_000) }),
    );
    for (const events of [[large], many]) {
      const error = await rejection(store.client.appendToStream(stream, events, options));
      expect(error).toBeInstanceOf(MaxAppendSizeExceededError);
      expect(error).toMatchObject({ type: 'maximum-append-size-exceeded', maxAppendSize: 1024 * 1024 });
    }
    expect(await append(stream, [event()], NO_STREAM)).toMatchObject({ success: true });
  });

  it('takes appends just below the maximum size', async () => {
    const stream = newStream();
    const data = new Uint8Array(1_000_000).fill(7);
    await store.client.appendToStream(stream, binaryEvent({ type: 'Large', data }), options);
    const [read] = await all(store.client.readStream(stream));
    expect(Buffer.compare(read?.event?.data as Uint8Array, data)).toBe(0);
  });

  it('fails with a deadline that has passed, and writes nothing', async () => {
    const stream = newStream();
    const error = await rejection(
      store.client.appendToStream(stream, event(), { ...options, deadline: -1_000 }),
    );
    expect(error).toMatchObject({ type: 'deadline-exceeded' });
    expect(await append(stream, [event()], NO_STREAM)).toMatchObject({ nextExpectedRevision: 0n });
  });

  it('answers a refusal as a result when the client is set so', async () => {
    const stream = newStream();
    await append(stream, numbers(2));
    const client = EventStoreDBClient.connectionString(
      `${store.connectionString}${store.connectionString.includes('?') ? '&' : '?'}throwOnAppendFailure=false`,
    );
    const answer = await client.appendToStream(stream, event(), { ...options, expectedRevision: 0n });
    expect(answer.success).toBe(false);
    await client.dispose();
  });
});

describe('append over batch', () => {
  it('joins an append that comes in many parts', async () => {
    const stream = newStream();
    const answer = await store.client.appendToStream(stream, numbers(200), {
      expectedRevision: NO_STREAM,
      batchAppendSize: 500,
    });
    expect(answer).toMatchObject({ success: true, nextExpectedRevision: 199n });
    const read = await all(store.client.readStream(stream));
    expect(notedNumbers(read)).toEqual(numbers(200).map(({ data }) => data.n));
  });

  it('refuses an append in many parts that grows above the maximum size', async () => {
    const stream = newStream();
    const events = Array.from({ length: 20 }, () =>
      binaryEvent({ type: 'Large', data: new Uint8Array(90_000) }),
    );
    const error = await rejection(store.client.appendToStream(stream, events, { batchAppendSize: 100_000 }));
    expect(error).toBeInstanceOf(MaxAppendSizeExceededError);
    expect(await store.client.appendToStream(stream, event(), { expectedRevision: NO_STREAM })).toMatchObject(
      { success: true },
    );
  });
});
