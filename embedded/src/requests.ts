/**
 * The requests of the Streams service. Field numbers are those of EventStoreDB's published streams.proto and
 * shared.proto; the messages are called as they are there. Reading a write throws only where the bytes are no such
 * message; what it lacks or has wrong is found by its service (proposals.ts), which can answer that one append.
 */
import type { Filter } from './filters.ts';
import {
  bool,
  bytes,
  flag,
  int,
  many,
  message,
  nest,
  string,
  strings,
  texts,
  uint32,
  uint64,
} from './schema.ts';
import { refusal, STATUS } from './status.ts';
import { cursor, malformed } from './wire.ts';

export const StreamIdentifier = message({ name: bytes(3) });
/** Ids as text, which is how @eventstore/db-client sends them and asks for them. */
export const Uuid = message({ text: string(2) });
export const UuidOption = message({ text: flag(2) });
const StreamOptions = message({
  stream: nest(1, StreamIdentifier),
  revision: uint64(2),
  start: flag(3),
  end: flag(4),
});
const Position = message({ commit: uint64(1), prepare: uint64(2) });
const Expression = message({ regex: string(1), prefixes: strings(2) });
const FilterOptions = message({
  stream: nest(1, Expression),
  type: nest(2, Expression),
  /** How many events may be looked at for one answer; 32 is the server's default. */
  window: uint32(3, 32),
  multiplier: uint32(5),
});
/** The filter is here for persistent subscriptions alone; a read has it beside. */
export const AllOptions = message({
  position: nest(1, Position),
  start: flag(2),
  end: flag(3),
  filter: nest(4, FilterOptions),
});

/** google.protobuf.Timestamp and Duration. */
const Seconds = message({ seconds: int(1), nanos: int(2) });
/** The Options of AppendReq, BatchAppendReq, DeleteReq and TombstoneReq. */
const Options = message({
  stream: nest(1, StreamIdentifier),
  revision: uint64(2),
  noStream: flag(3),
  any: flag(4),
  streamExists: flag(5),
  deadline: nest(6, Seconds),
  timeout: nest(7, Seconds),
});
const ProposedMessage = message({ id: nest(1, Uuid), about: texts(2), metadata: bytes(3), data: bytes(4) });
const AppendReq = message({ options: nest(1, Options), event: nest(2, ProposedMessage) });
const BatchAppendReq = message({
  /** The UUID message as it came, to be sent back as it is. */
  correlation: bytes(1),
  options: nest(2, Options),
  events: many(3, ProposedMessage),
  isFinal: bool(4),
});
const ReadReq = message({
  options: nest(
    1,
    message({
      stream: nest(1, StreamOptions),
      all: nest(2, AllOptions),
      direction: uint32(3),
      resolveLinks: bool(4),
      count: uint64(5),
      subscription: flag(6),
      filter: nest(7, FilterOptions),
      ids: nest(9, UuidOption),
    }),
  ),
});

export type WriteOptions = ReturnType<typeof Options>;
export type Proposal = ReturnType<typeof ProposedMessage>;

export const readAppend = (bytes: Buffer) => AppendReq(cursor(bytes));
export const readBatch = (bytes: Buffer) => BatchAppendReq(cursor(bytes));
/** DeleteReq and TombstoneReq, which begin as AppendReq does. */
export const readDelete = (bytes: Buffer): WriteOptions => present(AppendReq(cursor(bytes)).options);

/** The part that a message must have. */
export function present<Part>(part: Part | undefined): Part {
  if (!part) throw malformed('it has no options, or nothing else that it could be about');
  return part;
}

export const nameOf = (stream: ReturnType<typeof StreamIdentifier> | undefined): Buffer =>
  stream?.name ?? Buffer.alloc(0);

const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const BARE_UUID = /^[0-9a-f]{32}$/;

/** A UUID as canonical lower-case text; empty for what isn't one. */
export function idOf(uuid: ReturnType<typeof Uuid> | undefined): string {
  const text = uuid?.text ?? '';
  if (CANONICAL_UUID.test(text)) return text;
  const bare = text.toLowerCase().replaceAll('-', '');
  return BARE_UUID.test(bare) ? bare.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : '';
}

/** Asks for a read or for a subscription. */
export type ReadRequest = {
  /** undefined: `$all`. */
  readonly stream: Buffer | undefined;
  /** A number is a revision or a position. */
  readonly from: 'start' | 'end' | number;
  readonly backwards: boolean;
  readonly resolveLinks: boolean;
  /** undefined: a subscription. */
  readonly count: number | undefined;
  readonly filter: FilterRequest | undefined;
};
export type FilterRequest = Filter & {
  /** A checkpoint comes each time that this many events have been looked at; 0 only for reads. */
  readonly checkpointInterval: number;
};

export function readReadRequest(bytes: Buffer): ReadRequest {
  const { stream, all, direction, resolveLinks, count, subscription, filter, ids } = present(
    ReadReq(cursor(bytes)).options,
  );
  requireTextIds(ids);
  const source = stream ?? all;
  if (!source) throw malformed('it names neither a stream nor $all');
  const name = stream && nameOf(stream.stream);
  if (name?.length === 0) throw malformed("the stream's name is missing");
  // The commit position; in this log the prepare position is the same.
  const number = stream ? stream.revision : all?.position?.commit;
  return {
    stream: name,
    from: number !== undefined ? clamp(number) : source.end ? 'end' : 'start',
    backwards: direction === 1,
    resolveLinks,
    count: subscription ? undefined : clamp(count ?? 0n),
    filter: filter && toFilter(filter),
  };
}

/** Stored events are sent as they are, and their ids are text. */
export function requireTextIds(ids: ReturnType<typeof UuidOption> | undefined): void {
  if (ids?.text) return;
  throw refusal(
    STATUS.unimplemented,
    'The embedded EventStoreDB gives ids as text only: use a real EventStoreDB for ids as two numbers.',
  );
}

export function toFilter({
  stream,
  type,
  window,
  multiplier,
}: ReturnType<typeof FilterOptions>): FilterRequest {
  const expression = stream ?? type;
  if (!expression) throw malformed('the filter says neither stream nor event type');
  return { on: stream ? 'stream' : 'type', ...expression, checkpointInterval: window * multiplier };
}

/** Beyond what a Number holds there is no event, so the largest safe number stands for all of it. */
export const clamp = (value: bigint): number =>
  value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
