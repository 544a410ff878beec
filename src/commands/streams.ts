/** Reading and appending streams for the write side, with a bounded cache of folded states. */
import {
  type AppendResult,
  type EventStoreDBClient,
  NO_STREAM,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { type Aggregate, streamName } from '../domain/kernel/aggregate.ts';
import type { Id } from '../domain/kernel/values.ts';
import { outcomeUnknown } from '../eventstore/client.ts';
import type { Codec, SealedEvent, StoredEvent } from '../eventstore/codec.ts';
import type { Position, RecordedEvent } from '../eventstore/envelope.ts';
import { chainHash } from '../eventstore/hash.ts';
import { createCache } from './cache.ts';
import { commandError } from './errors.ts';
import { advance, emptyState, type StreamState } from './streamState.ts';
import { withTimeout } from './waiting.ts';

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
  /** Appends at exactly the state's revision; `undefined` when the stream has moved on. */
  readonly append: (
    aggregate: Aggregate,
    state: StreamState,
    events: readonly SealedEvent[],
  ) => Promise<StreamState | undefined>;
};

type Options = { readonly client: EventStoreDBClient; readonly codec: Codec; readonly cacheSize?: number };

/** A single append is answered within this time, or its outcome counts as unknown and the same bytes go again. */
const APPEND_TIMEOUT_MS = 10_000;
const APPEND_TRIES = 3;

export function createStreams({ client, codec, cacheSize = 10_000 }: Options): Streams {
  const cache = createCache<StreamState>(cacheSize, state => 1 + Math.floor(state.answers.size / 32));

  async function read(aggregate: Aggregate, workspaceId: string, id: Id): Promise<StreamState> {
    const stream = streamName(aggregate.category, workspaceId, id);
    let state = emptyState(aggregate, stream, id);
    try {
      for await (const { event } of client.readStream(stream, { requiresLeader: true }))
        if (event) state = foldStored(aggregate, state, event);
    } catch (error) {
      if (!(error instanceof StreamNotFoundError)) throw unavailable(error);
    }
    if (state.position === -1n && state.revision >= 0) state = { ...state, position: await endOfLog(client) };
    cache.set(stream, state);
    return state;
  }

  const foldStored = (aggregate: Aggregate, state: StreamState, stored: StoredEvent): StreamState => {
    const decoded = codec.decode(stored);
    if (decoded.kind !== 'event')
      throw commandError(
        'STREAM_UNREADABLE',
        `event ${stored.revision} (${stored.type}) of ${state.stream} can't be read by this version; update Relata`,
      );
    const { streamId, id, type, data, metadata } = stored;
    const { event } = decoded;
    const hash = chainHash({ stream: streamId, revision: event.revision, id, type, data, metadata });
    return advance(aggregate, state, event, hash);
  };

  return {
    cached: (aggregate, workspaceId, id) => cache.get(streamName(aggregate.category, workspaceId, id)),
    blank: (aggregate, workspaceId, id) =>
      emptyState(aggregate, streamName(aggregate.category, workspaceId, id), id),
    read,
    eventsFrom: async (aggregate, workspaceId, id, revision, limit) => {
      const stream = streamName(aggregate.category, workspaceId, id);
      const events: RecordedEvent[] = [];
      const options = { fromRevision: BigInt(revision), maxCount: limit, requiresLeader: true };
      for await (const { event } of client.readStream(stream, options)) {
        const decoded = event && codec.decode(event);
        if (decoded?.kind === 'event') events.push(decoded.event);
      }
      return events;
    },
    append: async (aggregate, state, events) => {
      const result = await appendExactly(client, state, events);
      if (!result) {
        cache.delete(state.stream);
        return undefined;
      }
      const position = result.position?.commit ?? (await endOfLog(client));
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

/** Sends the same bytes again while the outcome is unknown: their ids make a second arrival harmless. */
async function appendExactly(
  client: EventStoreDBClient,
  state: StreamState,
  events: readonly SealedEvent[],
): Promise<AppendResult | undefined> {
  const expectedRevision = state.revision < 0 ? NO_STREAM : BigInt(state.revision);
  const wire = events.map(event => event.wire);
  for (let tries = 1; ; tries++) {
    try {
      const deadline = APPEND_TIMEOUT_MS;
      const sent = client.appendToStream(state.stream, wire, {
        expectedRevision,
        deadline,
        requiresLeader: true,
      });
      return await withTimeout(sent, APPEND_TIMEOUT_MS);
    } catch (error) {
      if (error instanceof WrongExpectedVersionError) return undefined;
      if (!outcomeUnknown(error) || tries === APPEND_TRIES) throw unavailable(error);
    }
  }
}

/** Where the log ends now: for servers that don't tell an event's own position, a later one that is safe to wait for. */
async function endOfLog(client: EventStoreDBClient): Promise<Position> {
  for await (const { event } of client.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1 }))
    if (event) return event.position.commit;
  return 0n;
}

const unavailable = (error: unknown) =>
  commandError(
    'UNAVAILABLE',
    'the event store did not answer; send the command again with the same commandId',
    undefined,
    error,
  );
