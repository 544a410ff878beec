/**
 * The feed as server-sent events. `id` is always the place behind what has been told, so a reader that reconnects goes
 * on there. Besides the events there are `position`s: the first says where the stream begins, later ones that events
 * were passed over which the reader doesn't want, or that there is no more at the moment.
 */
import { GraphQLError } from 'graphql';
import { toCloudEvent } from './cloudEvent.ts';
import { type Cursor, printCursor } from './cursor.ts';
import type { FeedStep } from './feed.ts';

export type StreamOptions = {
  readonly steps: AsyncGenerator<FeedStep, void>;
  readonly after: Cursor;
  /** Of this server, as the reader calls it. */
  readonly origin: string;
  /** After so long without anything else, something is said: proxies and readers then know that all is well. */
  readonly heartbeatMs: number;
  readonly onFailure: (error: unknown) => void;
};

/** How long a reader waits before it reconnects. */
const RETRY_MS = 2_000;
const QUIET = Symbol('nothing has come');

export async function* eventStream(options: StreamOptions): AsyncGenerator<string, void> {
  const { steps, origin, heartbeatMs, onFailure } = options;
  let told = printCursor(options.after);
  let passed = told;
  let atEnd = false;
  yield `retry: ${RETRY_MS}\n${position(told, atEnd)}`;
  let coming: Promise<IteratorResult<FeedStep, void>> | undefined;
  try {
    for (;;) {
      coming ??= begun(steps.next()); // only now that the reader has taken what was before
      const step = await within(coming, heartbeatMs);
      if (step === QUIET) {
        yield passed === told ? ': still here\n\n' : position(passed, atEnd);
        told = passed;
        continue;
      }
      coming = undefined;
      if (step.done) return;
      if (step.value.waitsForStore) {
        yield ': the event store does not answer; waiting for it\n\n';
        continue;
      }
      const { events, next } = step.value;
      passed = printCursor(next);
      if (events.length > 0) {
        told = events.at(-1)?.cursor ?? told;
        yield events
          .map(each => `id: ${each.cursor}\ndata: ${JSON.stringify(toCloudEvent(each, origin))}\n\n`)
          .join('');
      }
      if (step.value.atEnd && !atEnd) {
        told = passed;
        yield position(told, true);
      }
      atEnd = step.value.atEnd;
    }
  } catch (error) {
    const refusal = refusalOf(error);
    if (!refusal) onFailure(error);
    yield `event: refused\ndata: ${JSON.stringify(refusal ?? { code: 'INTERNAL' })}\n\n`;
  } finally {
    await steps.return();
  }
}

const position = (cursor: string, end: boolean): string =>
  `event: position\nid: ${cursor}\ndata: ${JSON.stringify({ position: cursor, end })}\n\n`;

/** It is awaited later, or not at all once the reader has gone. */
function begun<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}

async function within<T>(work: Promise<T>, ms: number): Promise<T | typeof QUIET> {
  let timer: NodeJS.Timeout | undefined;
  const quiet = new Promise<typeof QUIET>(resolve => {
    timer = setTimeout(() => resolve(QUIET), ms);
  });
  try {
    return await Promise.race([work, quiet]);
  } finally {
    clearTimeout(timer);
  }
}

const refusalOf = (error: unknown) =>
  error instanceof GraphQLError
    ? { code: error.extensions.code, message: error.message, details: error.extensions.details }
    : undefined;
