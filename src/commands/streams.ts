/** Reading and appending streams for the write side, with a bounded cache of folded states. */
import {
  type AppendResult,
  type AppendToStreamOptions,
  type EventStoreDBClient,
  NO_STREAM,
  type ReadPosition,
  type StreamingRead,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { type Aggregate, streamName } from '../domain/kernel/aggregate.ts';
import type { Id } from '../domain/kernel/values.ts';
import { worthSendingAgain } from '../eventstore/client.ts';
import type { Codec, Decoded, SealedEvent, StoredEvent } from '../eventstore/codec.ts';
import type { Position, RecordedEvent } from '../eventstore/envelope.ts';
import { chainHash } from '../eventstore/hash.ts';
import { createCache } from './cache.ts';
import { commandError, withoutKeys } from './errors.ts';
import { advance, emptyState, type StreamState, UNTOLD } from './streamState.ts';
import { timedOut, withTimeout } from './waiting.ts';

export type Streams = {
  /** The cached state, or nothing. Only a successful append may rest on it. */
  readonly cached: (aggregate: Aggregate, workspaceId: string, id: Id) => StreamState | undefined;
  /** A stream that does not exist, as far as is known. */
  readonly blank: (aggregate: Aggregate, workspaceId: string, id: Id) => StreamState;
  /** The state as the store has it now. */
  readonly read: (aggregate: Aggregate, workspaceId: string, id: Id) => Promise<StreamState>;
  /** Up to `limit` events from a revision on. */
  readonly eventsFrom: (
    aggregate: Aggregate,
    workspaceId: string,
    id: Id,
    revision: number,
    limit: number,
  ) => Promise<readonly RecordedEvent[]>;
  /** Where the log ends now. */
  readonly end: () => Promise<Position>;
  /** Appends at exactly the state's revision; `undefined` when the stream has moved on. */
  readonly append: (
    aggregate: Aggregate,
    state: StreamState,
    events: readonly SealedEvent[],
  ) => Promise<StreamState | undefined>;
};

/** The part of the client that the write side uses. */
export type StreamClient = Pick<EventStoreDBClient, 'appendToStream' | 'readStream' | 'readAll'>;

/** One sending of an append, and what became of it. */
export type AppendAttempt = {
  readonly outcome: 'ok' | 'conflict' | 'failed';
  /** From 1; later ones send the same bytes again. */
  readonly attempt: number;
  readonly seconds: number;
};

type Options = {
  readonly client: StreamClient;
  readonly codec: Codec;
  /** What the cache may hold: a stream counts 1, and 1 more for every 32 commands in it. */
  readonly cacheSize?: number;
  /** An append, and each next event of a read, is answered within this time or counts as unanswered. */
  readonly timeoutMs?: number;
  readonly onAppend?: (attempt: AppendAttempt) => void;
};

/** So often the same bytes go while an append is not answered. */
const APPEND_TRIES = 3;

export function createStreams(options: Options): Streams {
  const { client, codec, cacheSize = 10_000, timeoutMs = 10_000, onAppend = () => undefined } = options;
  const cache = createCache<StreamState>(cacheSize, state => 1 + Math.floor(state.answers.size / 32));

  const stored = (stream: string, fromRevision: number, maxCount?: number) =>
    listen(
      client.readStream(stream, {
        fromRevision: BigInt(fromRevision),
        requiresLeader: true,
        ...(maxCount !== undefined && { maxCount }),
      }),
      timeoutMs,
    );

  async function read(aggregate: Aggregate, workspaceId: string, id: Id): Promise<StreamState> {
    const stream = streamName(aggregate.category, workspaceId, id);
    const known = cache.get(stream);
    let state = known && (await readOn(aggregate, known));
    if (!state) {
      state = emptyState(aggregate, stream, id);
      for await (const each of decoded(codec, stored(stream, 0))) state = foldStored(aggregate, state, each);
    }
    if (state.position === UNTOLD) state = { ...state, position: await endOfLog(client, timeoutMs) };
    cache.set(stream, state);
    return state;
  }

  /** A known state with what came after it; nothing when its last event does not stand in the log as it was. */
  async function readOn(aggregate: Aggregate, known: StreamState): Promise<StreamState | undefined> {
    if (known.revision < 0) return undefined;
    let state: StreamState | undefined;
    for await (const each of decoded(codec, stored(known.stream, known.revision)))
      if (state) state = foldStored(aggregate, state, each);
      else if (hashOf(each.event) === known.hash) state = known;
      else return undefined;
    return state;
  }

  return {
    cached: (aggregate, workspaceId, id) => cache.get(streamName(aggregate.category, workspaceId, id)),
    blank: (aggregate, workspaceId, id) =>
      emptyState(aggregate, streamName(aggregate.category, workspaceId, id), id),
    read,
    eventsFrom: async (aggregate, workspaceId, id, revision, limit) => {
      const events: RecordedEvent[] = [];
      const stream = streamName(aggregate.category, workspaceId, id);
      for await (const { read } of decoded(codec, stored(stream, revision, limit)))
        if (read.kind === 'event') events.push(read.event);
      return events;
    },
    end: () => endOfLog(client, timeoutMs),
    append: async (aggregate, state, events) => {
      const result = await appendExactly(client, state, events, timeoutMs, onAppend);
      if (!result) {
        cache.delete(state.stream);
        return undefined;
      }
      const position = result.position?.commit ?? (await endOfLog(client, timeoutMs));
      // The id of each event is the hash of its content, so what the store acknowledged is what was sent.
      const next = events.reduce(
        (before, { event, hash }) => advance(aggregate, before, { ...event, position }, hash),
        state,
      );
      cache.set(state.stream, next);
      return next;
    },
  };
}

function foldStored(aggregate: Aggregate, state: StreamState, { event, read }: Read): StreamState {
  if (read.kind !== 'event')
    throw unreadable(event, read.kind === 'foreign' ? 'it is not ours' : read.reason);
  try {
    return advance(aggregate, state, read.event, hashOf(event));
  } catch (error) {
    throw unreadable(event, 'it does not fit to the events before it', error);
  }
}

/** An event as stored, and what it says. */
type Read = { readonly event: StoredEvent; readonly read: Decoded };

/** So many events of a stream are decoded together: the keys for all of them are asked for once. */
const CHUNK = 250;

async function* decoded(codec: Codec, events: AsyncIterable<StoredEvent>): AsyncGenerator<Read, void> {
  let chunk: StoredEvent[] = [];
  for await (const event of events) {
    if (chunk.push(event) < CHUNK) continue;
    yield* await decodeAll(codec, chunk);
    chunk = [];
  }
  if (chunk.length > 0) yield* await decodeAll(codec, chunk);
}

async function decodeAll(codec: Codec, events: readonly StoredEvent[]): Promise<readonly Read[]> {
  try {
    const all = await codec.decode(events);
    return events.map((event, i) => ({ event, read: all[i] as Decoded })); // one for each, in their order
  } catch (error) {
    throw withoutKeys(error);
  }
}

const hashOf = ({ streamId: stream, revision, id, type, data, metadata }: StoredEvent) =>
  chainHash({ stream, revision: Number(revision), id, type, data, metadata });

/** Sends the same bytes again while they are unanswered: their ids make a second arrival harmless. */
async function appendExactly(
  client: StreamClient,
  state: StreamState,
  events: readonly SealedEvent[],
  timeoutMs: number,
  onAppend: (attempt: AppendAttempt) => void,
): Promise<AppendResult | undefined> {
  const options: AppendToStreamOptions = {
    expectedRevision: state.revision < 0 ? NO_STREAM : BigInt(state.revision),
    deadline: timeoutMs,
    requiresLeader: true,
  };
  const wire = events.map(event => event.wire);
  for (let attempt = 1; ; attempt++) {
    const begun = performance.now();
    let outcome: AppendAttempt['outcome'] = 'failed';
    try {
      const result = await withTimeout(client.appendToStream(state.stream, wire, options), timeoutMs);
      outcome = 'ok';
      return result;
    } catch (error) {
      if (error instanceof WrongExpectedVersionError) {
        outcome = 'conflict';
        return undefined;
      }
      if (!worthSendingAgain(error) || attempt === APPEND_TRIES) throw unavailable(error);
    } finally {
      onAppend({ outcome, attempt, seconds: (performance.now() - begun) / 1_000 });
    }
  }
}

/** The events of a read, none when there is no such stream. A store that falls silent counts as unavailable. */
async function* listen<E>(
  read: StreamingRead<{ readonly event?: E }>,
  timeoutMs: number,
): AsyncGenerator<E, void> {
  const timer = setTimeout(() => {
    read.destroy(timedOut(timeoutMs));
    read.cancel().catch(() => undefined); // there was no call to end
  }, timeoutMs);
  try {
    for await (const { event } of read) {
      timer.refresh();
      if (event) yield event;
    }
  } catch (error) {
    if (!(error instanceof StreamNotFoundError)) throw unavailable(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Where the log ends now: for servers that don't tell an event's own position, a later one that is safe to wait for. */
async function endOfLog(client: StreamClient, timeoutMs: number): Promise<Position> {
  let fromPosition: ReadPosition = 'end';
  // The server's own events may come last, and read models don't see those.
  for (let maxCount = 1; ; maxCount = 100) {
    const page = client.readAll({ direction: 'backwards', fromPosition, maxCount });
    const events = await Array.fromAsync(listen(page, timeoutMs));
    const shown = events.find(({ type }) => !type.startsWith('$'));
    if (shown || events.length < maxCount) return shown?.position.commit ?? 0n;
    fromPosition = events.at(-1)?.position ?? 'end';
  }
}

const unreadable = ({ streamId, revision, type }: StoredEvent, why: string, cause?: unknown) =>
  commandError(
    'STREAM_UNREADABLE',
    `event ${revision} (${type}) of ${streamId} can't be read: ${why}; if a newer Relata wrote it, update this one`,
    { stream: streamId, revision: Number(revision), type },
    cause,
  );

const unavailable = (error: unknown) =>
  commandError(
    'UNAVAILABLE',
    'the event store did not answer; send the command again with the same commandId',
    undefined,
    error,
  );
