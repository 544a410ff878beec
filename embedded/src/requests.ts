/**
 * Append and BatchAppend requests, read from their bytes. Field numbers are those of EventStoreDB's published
 * streams.proto and shared.proto; names in comments are theirs. Reading throws only where the bytes are no such
 * message; what a message lacks or has wrong is found by the service, which can answer that one append.
 */
import type { Expected } from './rules.ts';
import {
  type Cursor,
  cursor,
  delimited,
  malformed,
  readBytes,
  readEntry,
  readLength,
  readNested,
  readTag,
  readText,
  readUint64,
  scalar,
  skipField,
} from './wire.ts';

/** What a write is to, and on which condition. */
export type WriteOptions = {
  /** Its name in UTF-8; empty for a missing one. */
  readonly stream: Buffer;
  readonly expected: Expected | undefined;
  /** Milliseconds since 1970; undefined for none. */
  readonly deadline: number | undefined;
};
export type AppendMessage = { readonly options: WriteOptions } | { readonly event: Proposal };
export type BatchMessage = {
  /** The UUID message as it came, to be sent back as it is. */
  readonly correlation: Buffer;
  readonly options: WriteOptions | undefined;
  readonly events: readonly Proposal[];
  readonly isFinal: boolean;
};

/** A proposed event as it came. */
export type Proposal = {
  /** Canonical lower-case text; empty for what isn't a UUID. */
  readonly id: string;
  readonly type: string | undefined;
  readonly contentType: string | undefined;
  readonly data: Buffer;
  readonly metadata: Buffer;
};

const EMPTY: Buffer = Buffer.alloc(0);

/** AppendReq */
export function readAppend(bytes: Buffer): AppendMessage {
  const c = cursor(bytes);
  let message: AppendMessage | undefined;
  while (c.at < c.end) {
    const tag = readTag(c);
    if (tag === delimited(1)) message = { options: readWriteOptions(readNested(c)) };
    else if (tag === delimited(2)) message = { event: readProposal(readNested(c)) };
    else skipField(c, tag);
  }
  if (!message) throw malformed('it has neither options nor an event');
  return message;
}

/** DeleteReq and TombstoneReq */
export function readDelete(bytes: Buffer): WriteOptions {
  const c = cursor(bytes);
  let options: WriteOptions | undefined;
  while (c.at < c.end) {
    const tag = readTag(c);
    if (tag === delimited(1)) options = readWriteOptions(readNested(c));
    else skipField(c, tag);
  }
  if (!options) throw malformed('it has no options');
  return options;
}

/** BatchAppendReq */
export function readBatch(bytes: Buffer): BatchMessage {
  const c = cursor(bytes);
  const events: Proposal[] = [];
  let correlation = EMPTY;
  let options: WriteOptions | undefined;
  let isFinal = false;
  while (c.at < c.end) {
    const tag = readTag(c);
    if (tag === delimited(1)) correlation = readBytes(c);
    else if (tag === delimited(2)) options = readWriteOptions(readNested(c));
    else if (tag === delimited(3)) events.push(readProposal(readNested(c)));
    else if (tag === scalar(4)) isFinal = readLength(c) !== 0;
    else skipField(c, tag);
  }
  return { correlation, options, events, isFinal };
}

/** The Options of AppendReq, BatchAppendReq, DeleteReq and TombstoneReq. */
function readWriteOptions(c: Cursor): WriteOptions {
  let stream = EMPTY;
  let expected: Expected | undefined;
  let deadline: number | undefined;
  while (c.at < c.end) {
    const tag = readTag(c);
    switch (tag) {
      case delimited(1):
        stream = readStreamIdentifier(readNested(c));
        continue;
      case scalar(2):
        expected = readUint64(c);
        continue;
      case delimited(3):
        expected = 'noStream';
        break;
      case delimited(4):
        expected = 'any';
        break;
      case delimited(5):
        expected = 'streamExists';
        break;
      case delimited(6): // deadline_21_10_0: Timestamp
        deadline = readSeconds(readNested(c));
        continue;
      case delimited(7): // deadline: Duration
        deadline = Date.now() + readSeconds(readNested(c));
        continue;
    }
    skipField(c, tag);
  }
  return { stream, expected, deadline };
}

/** google.protobuf.Timestamp and Duration, in milliseconds. */
function readSeconds(c: Cursor): number {
  let milliseconds = 0;
  while (c.at < c.end) {
    const tag = readTag(c);
    if (tag === scalar(1)) milliseconds += Number(BigInt.asIntN(64, readUint64(c))) * 1_000;
    else if (tag === scalar(2)) milliseconds += Number(BigInt.asIntN(64, readUint64(c))) / 1_000_000;
    else skipField(c, tag);
  }
  return milliseconds;
}

/** ProposedMessage */
function readProposal(c: Cursor): Proposal {
  let id = '';
  let type: string | undefined;
  let contentType: string | undefined;
  let data = EMPTY;
  let metadata = EMPTY;
  while (c.at < c.end) {
    const tag = readTag(c);
    if (tag === delimited(1)) id = readUuid(readNested(c));
    else if (tag === delimited(2)) {
      const [key, value] = readEntry(readNested(c));
      if (key === 'type') type = value;
      else if (key === 'content-type') contentType = value;
    } else if (tag === delimited(3)) metadata = readBytes(c);
    else if (tag === delimited(4)) data = readBytes(c);
    else skipField(c, tag);
  }
  return { id, type, contentType, data, metadata };
}

const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const BARE_UUID = /^[0-9a-f]{32}$/;

/** UUID, as canonical lower-case text; empty for what isn't one. */
export function readUuid(c: Cursor): string {
  let text = '';
  while (c.at < c.end) {
    const tag = readTag(c);
    if (tag === delimited(1)) text = readStructuredUuid(readNested(c));
    else if (tag === delimited(2)) text = readText(c);
    else skipField(c, tag);
  }
  if (CANONICAL_UUID.test(text)) return text;
  const bare = text.toLowerCase().replaceAll('-', '');
  return BARE_UUID.test(bare) ? bare.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : '';
}

function readStructuredUuid(c: Cursor): string {
  const halves = [0n, 0n];
  while (c.at < c.end) {
    const tag = readTag(c);
    if (tag === scalar(1)) halves[0] = readUint64(c);
    else if (tag === scalar(2)) halves[1] = readUint64(c);
    else skipField(c, tag);
  }
  return halves.map(half => half.toString(16).padStart(16, '0')).join('');
}

/** StreamIdentifier */
export function readStreamIdentifier(c: Cursor): Buffer {
  let name = EMPTY;
  while (c.at < c.end) {
    const tag = readTag(c);
    if (tag === delimited(3)) name = readBytes(c);
    else skipField(c, tag);
  }
  return name;
}
