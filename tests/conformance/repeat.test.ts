/** Idempotent repeats, by the rules under https://docs.kurrent.io/clients/grpc/appending-events.html#idempotence */
import {
  ANY,
  DeadlineExceededError,
  jsonEvent,
  NO_STREAM,
  STREAM_EXISTS,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { all, ids, newStream, paths, rejection, useEventStore } from './support.ts';

const store = useEventStore();
const event = () => jsonEvent({ type: 'Noted', data: {} });
type Event = ReturnType<typeof event>;

/** How a commit that takes too long is told, by the batch path and by the unary one. */
const isTimeout = (error: unknown): boolean =>
  error instanceof DeadlineExceededError ||
  (error instanceof Error && error.message === '10 ABORTED: Operation timed out: Commit phase timeout.');

describe.each(paths)('a repeated append over $path', ({ options }) => {
  const append = (
    stream: string,
    events: Event[],
    expectedRevision: bigint | 'any' | 'no_stream' | 'stream_exists',
  ) => store.client.appendToStream(stream, events, { ...options, expectedRevision });
  const stored = async (stream: string) => ids(await all(store.client.readStream(stream)));

  it.each([
    ['no stream', NO_STREAM],
    ['any', ANY],
  ] as const)('answers as the first did under “%s”, and writes nothing', async (_, expected) => {
    const stream = newStream();
    const [a, b] = [event(), event()];
    const first = await append(stream, [a, b], expected);
    const again = await append(stream, [a, b], expected);
    expect(again).toMatchObject({ success: true, nextExpectedRevision: first.nextExpectedRevision });
    expect(await stored(stream)).toEqual([a.id, b.id]);
  });

  it('answers the position of the event that is there', async () => {
    const stream = newStream();
    const one = event();
    const first = await append(stream, [one], NO_STREAM);
    await append(stream, [event()], ANY);
    expect((await append(stream, [one], NO_STREAM)).position).toEqual(first.position);
    expect((await append(stream, [one], ANY)).position).toEqual(first.position);
  });

  it('is known at an exact revision long after, by its own last revision', async () => {
    const stream = newStream();
    const [a, b, c] = [event(), event(), event()];
    await append(stream, [a], NO_STREAM);
    await append(stream, [b, c], 0n);
    await append(stream, [event(), event()], 2n);
    expect(await append(stream, [b, c], 0n)).toMatchObject({ success: true, nextExpectedRevision: 2n });
    expect(await stored(stream)).toHaveLength(5);
  });

  it('is known as the beginning of a longer one', async () => {
    const stream = newStream();
    const [a, b, c] = [event(), event(), event()];
    await append(stream, [a, b, c], NO_STREAM);
    expect(await append(stream, [a, b], NO_STREAM)).toMatchObject({
      success: true,
      nextExpectedRevision: 1n,
    });
    expect(await append(stream, [b], 0n)).toMatchObject({ success: true, nextExpectedRevision: 1n });
    expect(await stored(stream)).toEqual([a.id, b.id, c.id]);
  });

  it('is refused when it goes on beyond what is there', async () => {
    const stream = newStream();
    const [a, b] = [event(), event()];
    await append(stream, [a], NO_STREAM);
    const error = await rejection(append(stream, [a, b], NO_STREAM));
    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({ expectedVersion: NO_STREAM, actualVersion: 0n });
    expect(await stored(stream)).toEqual([a.id]);
  });

  it('is refused in another order', async () => {
    const stream = newStream();
    const [a, b] = [event(), event()];
    await append(stream, [a, b], NO_STREAM);
    expect(await rejection(append(stream, [b, a], NO_STREAM))).toBeInstanceOf(WrongExpectedVersionError);
  });

  it('is appended again at the current revision', async () => {
    const stream = newStream();
    const one = event();
    await append(stream, [one], NO_STREAM);
    expect(await append(stream, [one], 0n)).toMatchObject({ success: true, nextExpectedRevision: 1n });
    expect(await stored(stream)).toEqual([one.id, one.id]);
  });

  it('is known under “any” whatever was appended since', async () => {
    const stream = newStream();
    const [a, b] = [event(), event()];
    await append(stream, [a], NO_STREAM);
    await append(stream, [b], 0n);
    expect(await append(stream, [a], ANY)).toMatchObject({ success: true, nextExpectedRevision: 0n });
    expect(await append(stream, [a], STREAM_EXISTS)).toMatchObject({
      success: true,
      nextExpectedRevision: 0n,
    });
    expect(await stored(stream)).toEqual([a.id, b.id]);
  });

  it('is refused under “any” when known events are followed by unknown ones', async () => {
    const stream = newStream();
    const one = event();
    await append(stream, [one], ANY);
    const error = await rejection(append(stream, [one, event()], ANY));
    expect(error).toBeInstanceOf(WrongExpectedVersionError);
    expect(error).toMatchObject({ expectedVersion: ANY, actualVersion: 0n });
    expect(await stored(stream)).toEqual([one.id]);
  });

  it('is no repeat under “any” when its first event is unknown', async () => {
    const stream = newStream();
    const [a, b] = [event(), event()];
    await append(stream, [a], ANY);
    expect(await append(stream, [b, a], ANY)).toMatchObject({ success: true, nextExpectedRevision: 2n });
    expect(await stored(stream)).toEqual([a.id, b.id, a.id]);
  });

  it('is no repeat in another stream', async () => {
    const one = event();
    await append(newStream(), [one], ANY);
    const other = newStream();
    expect(await append(other, [one], ANY)).toMatchObject({ success: true, nextExpectedRevision: 0n });
    expect(await stored(other)).toEqual([one.id]);
  });

  it('is known when both are under way together', async () => {
    const stream = newStream();
    const one = event();
    const answers = await Promise.allSettled(
      Array.from({ length: 10 }, () => append(stream, [one], NO_STREAM)),
    );
    for (const answer of answers) {
      // The real server leaves a repeat unanswered that meets the first one before its commit: “time out, try again”.
      if (answer.status === 'rejected') expect(isTimeout(answer.reason)).toBe(true);
      else expect(answer.value).toMatchObject({ success: true, nextExpectedRevision: 0n });
    }
    expect(answers.map(({ status }) => status)).toContain('fulfilled');
    expect(await append(stream, [one], NO_STREAM)).toMatchObject({ success: true, nextExpectedRevision: 0n });
    expect(await stored(stream)).toEqual([one.id]);
  });

  it('of events that may not be read any more answers no position', async () => {
    const stream = newStream();
    const [a, b] = [event(), event()];
    await append(stream, [a], NO_STREAM);
    await append(stream, [b], 0n);
    await store.client.setStreamMetadata(stream, { truncateBefore: 1 });
    for (const expected of [NO_STREAM, ANY] as const) {
      const answer = await append(stream, [a], expected);
      expect(answer).toMatchObject({ success: true, nextExpectedRevision: 0n });
      expect(answer.position).toBeUndefined();
    }
  });
});
