/**
 * An EventStoreDB in memory, as far as the write side uses one: exact revisions, repeats of known ids answered as the
 * server does, bytes kept as sent, the client's own errors. What goes wrong is a function around a call, so that a test
 * says at which step which fault strikes.
 */
import { Readable } from 'node:stream';
import {
  type AppendResult,
  type EventData,
  NO_STREAM,
  type StreamingRead,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import type { StreamClient } from '../../src/commands/streams.ts';
import type { StoredEvent } from '../../src/eventstore/codec.ts';

export type LogEvent = StoredEvent & {
  readonly position: { readonly commit: bigint; readonly prepare: bigint };
};

/** What a client asked of the store, in the order in which it did. */
export type Call =
  | {
      readonly kind: 'append';
      readonly stream: string;
      readonly expected: bigint | 'no_stream';
      readonly bytes: string;
    }
  | { readonly kind: 'read'; readonly stream: string; readonly from: bigint };

/** Stands around a call: may do something first, leave the call out, or keep its answer back. */
export type Around<C, R> = (proceed: () => R, call: C) => Promise<R>;
export type AppendCall = Extract<Call, { kind: 'append' }>;
export type AroundAppend = Around<AppendCall, AppendResult>;
export type AroundRead = Around<
  Extract<Call, { kind: 'read' }>,
  Iterable<LogEvent> | AsyncIterable<LogEvent>
>;

export type Connection = {
  readonly append?: AroundAppend;
  readonly read?: AroundRead;
  /** Servers before 22.6 tell no positions in appends and stream reads. */
  readonly positions?: 'untold';
};

export type MemoryEventStore = {
  /** The client of one process. */
  readonly connect: (connection?: Connection) => StreamClient;
  readonly log: () => readonly LogEvent[];
  readonly stream: (name: string) => readonly LogEvent[];
  readonly calls: Call[];
  /** An event as another program would write it. */
  readonly write: (stream: string, event: { type: string; data?: unknown; metadata?: unknown }) => void;
  /** Puts other events in the place of a stream's, as somebody with the server's files could. */
  readonly rewrite: (stream: string, change: (events: readonly LogEvent[]) => readonly LogEvent[]) => void;
};

export function memoryEventStore(): MemoryEventStore {
  let log: LogEvent[] = [];
  const calls: Call[] = [];
  const stream = (name: string) => log.filter(event => event.streamId === name);

  function put(streamId: string, { id, type, data, metadata }: Wire): LogEvent {
    const commit = BigInt(log.length + 1) * 100n;
    const revision = (stream(streamId).at(-1)?.revision ?? -1n) + 1n;
    const event: LogEvent = {
      ...asSent({ id, type, data, metadata }),
      streamId,
      revision,
      isJson: true,
      position: { commit, prepare: commit },
    };
    log.push(event);
    return event;
  }

  function append(streamId: string, wire: readonly Wire[], expected: bigint | 'no_stream'): AppendResult {
    const present = stream(streamId);
    const current = present.at(-1)?.revision ?? -1n;
    const wanted = expected === NO_STREAM ? -1n : expected;
    const there = present.filter(({ revision }) => revision > wanted).slice(0, wire.length);
    const known = wire.every(({ id }, i) => there[i]?.id === id);
    if (wanted !== current && !known)
      throw new WrongExpectedVersionError(undefined, {
        streamName: streamId,
        expected,
        current: current < 0n ? NO_STREAM : current,
      });
    const last = wanted === current ? wire.map(event => put(streamId, event)).at(-1) : there.at(-1);
    if (!last) throw new Error('an append of no events');
    return { success: true, nextExpectedRevision: last.revision, position: last.position };
  }

  function connect({ append: aroundAppend, read: aroundRead, positions }: Connection = {}): StreamClient {
    const told = <E extends object>(event: E): E => (positions ? { ...event, position: undefined } : event);
    const client = {
      appendToStream: async (
        streamId: string,
        events: EventData | EventData[],
        { expectedRevision }: { expectedRevision?: bigint | 'no_stream' } = {},
      ) => {
        if (expectedRevision === undefined) throw new Error('an append without an exact revision');
        const wire = [events].flat();
        const call = {
          kind: 'append',
          stream: streamId,
          expected: expectedRevision,
          bytes: bytesOf(wire),
        } as const;
        calls.push(call);
        const proceed = () => append(streamId, wire, expectedRevision);
        return told(await (aroundAppend ?? straight)(proceed, call));
      },
      readStream: (streamId: string, { fromRevision = 0n, maxCount }: ReadOptions = {}) => {
        const call = { kind: 'read', stream: streamId, from: fromRevision } as const;
        calls.push(call);
        const proceed = () => {
          if (stream(streamId).length === 0) throw new StreamNotFoundError(undefined, streamId);
          return stream(streamId)
            .filter(({ revision }) => revision >= fromRevision)
            .slice(0, maxCount);
        };
        return streaming(async () => (aroundRead ?? straight)(proceed, call), told);
      },
      readAll: ({ direction, maxCount }: { direction?: string; maxCount?: number } = {}) =>
        streaming(
          async () => (direction === 'backwards' ? log.toReversed() : log).slice(0, maxCount),
          event => event,
        ),
    };
    return client as unknown as StreamClient; // what dispatch uses of it, in the shapes that it uses
  }

  return {
    connect,
    log: () => log,
    stream,
    calls,
    write: (streamId, { type, data = {}, metadata = {} }) => {
      put(streamId, { id: `${streamId}/${log.length}`, type, data, metadata });
    },
    rewrite: (streamId, change) => {
      const changed = change(stream(streamId));
      log = [...log.filter(event => event.streamId !== streamId), ...changed];
    },
  };
}

type Wire = {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly metadata: unknown;
};
type ReadOptions = { readonly fromRevision?: bigint; readonly maxCount?: number };

const bytesOf = (wire: readonly Wire[]) => JSON.stringify(wire);
const asSent = ({ id, type, data, metadata }: Wire): Wire =>
  JSON.parse(JSON.stringify({ id, type, data, metadata }));

/** A call without a fault. */
export const straight = async <R>(proceed: () => R): Promise<R> => proceed();

/** The client's kind of stream: it can be iterated, cancelled, and destroyed while it waits. */
function streaming(
  events: () => Promise<Iterable<LogEvent> | AsyncIterable<LogEvent>>,
  told: (event: LogEvent) => LogEvent,
): StreamingRead<unknown> {
  const read = new Readable({ objectMode: true, read: () => undefined });
  const pump = async () => {
    for await (const event of await events()) read.push({ event: told(asRead(event)) });
    read.push(null);
  };
  pump().catch((error: Error) => read.destroy(error));
  return Object.assign(read, { cancel: async () => undefined }) as unknown as StreamingRead<unknown>;
}

/** Nobody holds an object of the log's. */
const asRead = (event: LogEvent): LogEvent => ({
  ...event,
  ...structuredClone({ data: event.data, metadata: event.metadata }),
});
