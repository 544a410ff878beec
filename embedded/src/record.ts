/**
 * How an event is stored: as the whole gRPC frame that a read answers with, so that a read sends stored bytes
 * as they are. The cost is some 100 bytes an event; the gain is that no event is ever encoded twice.
 *
 *   frame { ReadResp { event(1): ReadEvent { event(1): RecordedEvent { id(1), stream_identifier(2), stream_revision(3),
 *     prepare_position(4), commit_position(5), metadata(6) …, custom_metadata(7), data(8) }, commit_position(3) } } }
 *
 * This is a storage format: changing it means a new format version (store.ts) and an upgrade.
 */
import { randomUUID } from 'node:crypto';
import { DELETED } from './metadata.ts';
import { bytes, message, textAt, texts, uint64 } from './schema.ts';
import { cursor, FRAME_HEAD_BYTES, firstField, frame, nested, number, text } from './wire.ts';

/** An event as a client proposes it. `id` is a canonical lower-case UUID. */
export type ProposedEvent = {
  readonly id: string;
  readonly type: string;
  readonly json: boolean;
  readonly data: Buffer;
  readonly metadata: Buffer;
};

/** An event of the node's own making. */
export const ownEvent = (
  type: string,
  { json, binary, metadata = '' }: { json?: string | Buffer; binary?: string | Buffer; metadata?: string },
): ProposedEvent => ({
  id: randomUUID(),
  type,
  json: json !== undefined,
  data: Buffer.from(json ?? binary ?? ''),
  metadata: Buffer.from(metadata),
});

const UUID_CHARS = 36;
/** id(1) { string(2) } is always the first field: 4 bytes of tags and lengths, then the characters. */
const ID_FIELD_BYTES = 4 + UUID_CHARS;
const TICKS_PER_MILLISECOND = 10_000;

const CONTENT_TYPE = { json: 'application/json', binary: 'application/octet-stream' } as const;

/** The RecordedEvent field that names the stream; the same for all its events, so callers keep it. */
export const streamField = (name: Uint8Array): Buffer => nested(2, nested(3, name));

/** The RecordedEvent fields that say what kind of event it is; callers keep them by type. */
export const kindFields = (type: string, json: boolean): Buffer =>
  Buffer.concat([
    metadataEntry('type', type),
    metadataEntry('content-type', json ? CONTENT_TYPE.json : CONTENT_TYPE.binary),
  ]);

/** The time as EventStoreDB gives it: ticks of 100 ns since 1970, as text. `now` is in milliseconds. */
export function createdField(now: number): Buffer {
  // Many appends share a millisecond.
  if (now !== created.now)
    created = { now, field: metadataEntry('created', String(now * TICKS_PER_MILLISECOND)) };
  return created.field;
}
let created: { readonly now: number; readonly field: Buffer } = { now: Number.NaN, field: Buffer.alloc(0) };

/**
 * The stored frame of one event. `stream`, `kind` and `created` are the prepared fields above. A tombstone is an event
 * without data at the revision {@link DELETED}.
 */
export function encodeRecord(
  { id, metadata, data }: ProposedEvent,
  revision: number | bigint,
  position: number,
  stream: Buffer,
  kind: Buffer,
  created: Buffer,
): Buffer {
  const recorded = nested(
    1,
    nested(1, text(2, id)),
    stream,
    number(3, revision),
    number(4, position),
    number(5, position),
    kind,
    created,
    ...unlessEmpty(7, metadata),
    ...unlessEmpty(8, data),
  );
  return frame(nested(1, recorded, number(3, position)));
}

const unlessEmpty = (field: number, bytes: Buffer): Buffer[] =>
  bytes.length === 0 ? [] : [nested(field, bytes)];

/** The RecordedEvent within a stored frame. */
export const recordedPart = (record: Buffer): Buffer => firstField(readEventPart(record));

/** The ReadEvent within a frame that a read sends. */
export const readEventPart = (frame: Buffer): Buffer => firstField(frame.subarray(FRAME_HEAD_BYTES));

/** Whether the record names this stream. */
export const isInStream = (record: Buffer, stream: Buffer): boolean =>
  recordedPart(record)
    .subarray(ID_FIELD_BYTES, ID_FIELD_BYTES + stream.length)
    .equals(stream);

/** No other event has this revision. */
export const isTombstone = (record: Buffer): boolean => fieldsOf(record).revision === DELETED;

/** The event's id as stored. */
export function idOf(record: Buffer): string {
  return recordedPart(record).toString('latin1', 4, ID_FIELD_BYTES);
}

/** What an event says, as stored. */
export type Fields = {
  readonly position: number;
  readonly revision: bigint;
  readonly type: string;
  readonly json: boolean;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly data: Buffer;
  readonly metadata: Buffer;
};

const RecordedEvent = message({
  revision: uint64(3),
  position: uint64(5),
  about: texts(6),
  metadata: bytes(7),
  data: bytes(8),
});

export function fieldsOf(record: Buffer): Fields {
  const { revision, position, about, metadata, data } = RecordedEvent(cursor(recordedPart(record)));
  return {
    position: Number(position),
    revision: revision ?? 0n,
    type: textAt(about, 'type') ?? '',
    json: textAt(about, 'content-type') === CONTENT_TYPE.json,
    created: Number(textAt(about, 'created')) / TICKS_PER_MILLISECOND,
    data,
    metadata,
  };
}

const metadataEntry = (key: string, value: string): Buffer => nested(6, text(1, key), text(2, value));
