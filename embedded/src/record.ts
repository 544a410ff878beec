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
import {
  cursor,
  FRAME_HEAD_BYTES,
  firstField,
  frame,
  nested,
  number,
  putVarint,
  text,
  varintSize,
} from './wire.ts';

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

/** The stored frame of one event. `stream`, `kind` and `created` are the prepared fields above. */
export function encodeRecord(
  event: ProposedEvent,
  revision: number,
  position: number,
  stream: Buffer,
  kind: Buffer,
  created: Buffer,
): Buffer {
  const { data, metadata } = event;
  const positionSize = varintSize(position);
  const recordedSize =
    ID_FIELD_BYTES +
    stream.length +
    (1 + varintSize(revision)) +
    2 * (1 + positionSize) +
    kind.length +
    created.length +
    delimitedSize(metadata.length) +
    delimitedSize(data.length);
  const readEventSize = 1 + varintSize(recordedSize) + recordedSize + 1 + positionSize;
  const messageSize = 1 + varintSize(readEventSize) + readEventSize;

  const record = Buffer.allocUnsafe(FRAME_HEAD_BYTES + messageSize);
  record[0] = 0;
  record.writeUInt32BE(messageSize, 1);
  let at = FRAME_HEAD_BYTES;
  record[at++] = 0x0a; // ReadResp.event
  at = putVarint(record, at, readEventSize);
  record[at++] = 0x0a; // ReadEvent.event
  at = putVarint(record, at, recordedSize);
  record[at++] = 0x0a; // id
  record[at++] = 2 + UUID_CHARS;
  record[at++] = 0x12; // UUID.string
  record[at++] = UUID_CHARS;
  at += record.write(event.id, at, UUID_CHARS, 'latin1');
  at += stream.copy(record, at);
  record[at++] = 0x18; // stream_revision
  at = putVarint(record, at, revision);
  record[at++] = 0x20; // prepare_position
  at = putVarint(record, at, position);
  record[at++] = 0x28; // commit_position
  at = putVarint(record, at, position);
  at += kind.copy(record, at);
  at += created.copy(record, at);
  at = putDelimited(record, at, 0x3a, metadata);
  at = putDelimited(record, at, 0x42, data);
  record[at++] = 0x18; // ReadEvent.commit_position
  putVarint(record, at, position);
  return record;
}

/** The stored frame of a tombstone: an event without data, whose revision is the largest that there is. */
export function encodeTombstone(
  id: string,
  position: number,
  stream: Buffer,
  kind: Buffer,
  created: Buffer,
): Buffer {
  const positions = [number(4, position), number(5, position)];
  const recorded = nested(1, nested(1, text(2, id)), stream, number(3, DELETED), ...positions, kind, created);
  return frame(nested(1, recorded, number(3, position)));
}

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

const delimitedSize = (length: number): number => (length === 0 ? 0 : 1 + varintSize(length) + length);

function putDelimited(target: Buffer, at: number, tag: number, bytes: Buffer): number {
  if (bytes.length === 0) return at;
  target[at] = tag;
  const next = putVarint(target, at + 1, bytes.length);
  return next + bytes.copy(target, next);
}
