/**
 * Protocol Buffers' wire format, as much of it as the event store's services use.
 * Written by hand because an append or an event read must not build an object tree per message:
 * reading walks a cursor over the bytes as they came in, writing glues buffers.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */

/** A place in a buffer; `end` is exclusive. A nested message is a cursor over the same bytes. */
export type Cursor = { readonly bytes: Buffer; at: number; readonly end: number };

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;
/** Seven bytes of a varint; a Number holds 53 bits. */
const NUMBER_BITS = 49;

export const cursor = (bytes: Buffer): Cursor => ({ bytes, at: 0, end: bytes.length });

/** The next field's tag: field number × 8 + wire type. */
export function readTag(c: Cursor): number {
  return readLength(c);
}

/** A field tag, for the `case`s of a reader. */
export const delimited = (field: number): number => field * 8 + DELIMITED;
export const scalar = (field: number): number => field * 8 + VARINT;

/** A varint of at most 32 bits: tags, lengths, enums, booleans. */
export function readLength(c: Cursor): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = nextByte(c);
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  throw malformed('a number is too long');
}

/** A varint of 64 bits, unsigned. What fits is added up as a Number, which is several times faster. */
export function readUint64(c: Cursor): bigint {
  let low = 0;
  for (let shift = 0; shift < NUMBER_BITS; shift += 7) {
    const byte = nextByte(c);
    low += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return BigInt(low);
  }
  let value = BigInt(low);
  for (let shift = NUMBER_BITS; shift < 70; shift += 7) {
    const byte = nextByte(c);
    value |= BigInt(byte & 0x7f) << BigInt(shift);
    if (byte < 0x80) return BigInt.asUintN(64, value);
  }
  throw malformed('a number is too long');
}

/** The bytes of a length-delimited field, not copied. */
export function readBytes(c: Cursor): Buffer {
  const nested = readNested(c);
  return c.bytes.subarray(nested.at, nested.end);
}

export function readText(c: Cursor): string {
  const nested = readNested(c);
  return c.bytes.toString('utf8', nested.at, nested.end);
}

/** A cursor over a nested message; the outer one moves past it. */
export function readNested(c: Cursor): Cursor {
  const end = readLength(c) + c.at;
  if (end > c.end) throw malformed('a field is longer than its message');
  const nested = { bytes: c.bytes, at: c.at, end };
  c.at = end;
  return nested;
}

/** What is in a message's first field, which is a message too. */
export function firstField(bytes: Buffer): Buffer {
  const c = cursor(bytes);
  readTag(c);
  return readBytes(c);
}

/** Moves past a field that the reader doesn't know, as every protobuf reader must. */
export function skipField(c: Cursor, tag: number): void {
  switch (tag & 7) {
    case VARINT:
      while (nextByte(c) >= 0x80);
      return;
    case FIXED64:
      skipBytes(c, 8);
      return;
    case DELIMITED:
      skipBytes(c, readLength(c));
      return;
    case FIXED32:
      skipBytes(c, 4);
      return;
    default:
      throw malformed('a field has an unknown wire type');
  }
}

/** How many bytes a varint of this number takes; numbers are non-negative and safe integers. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Writes a varint and returns where the next byte goes. */
export function putVarint(target: Buffer, at: number, value: number): number {
  let next = at;
  let rest = value;
  // Above 32 bits the bitwise operators would cut the number off.
  while (rest > 0x7fffffff) {
    target[next++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 0x80) {
    target[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[next++] = rest;
  return next;
}

/** A scalar field. It is written even when 0, because within a `oneof` that says which one it is. */
export function number(field: number, value: number | bigint): Buffer {
  if (typeof value === 'bigint') return Buffer.concat([number(field, 0).subarray(0, -1), varint64(value)]);
  const tag = scalar(field);
  const bytes = Buffer.allocUnsafe(varintSize(tag) + varintSize(value));
  putVarint(bytes, putVarint(bytes, 0, tag), value);
  return bytes;
}

/** A length-delimited field: bytes, or a message of the given fields (none: an empty message). */
export function nested(field: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = Buffer.allocUnsafe(varintSize(delimited(field)) + varintSize(length));
  putVarint(head, putVarint(head, 0, delimited(field)), length);
  return Buffer.concat([head, ...parts]);
}

export const text = (field: number, value: string): Buffer => nested(field, Buffer.from(value));

export const FRAME_HEAD_BYTES = 5;

/** A whole gRPC frame around a message: one byte “not compressed”, four bytes length, the message. */
export function frame(...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
  head[0] = 0;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, ...parts]);
}

/** What a reader throws on bytes that aren't a message of the expected kind. */
export type Malformed = Error & { readonly malformed: true };
export const isMalformed = (error: unknown): error is Malformed =>
  error instanceof Error && 'malformed' in error;

export function malformed(reason: string): Malformed {
  return Object.assign(new Error(`The request can't be read: ${reason}.`), { malformed: true as const });
}

function varint64(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

function nextByte(c: Cursor): number {
  if (c.at >= c.end) throw malformed('it ends too early');
  return c.bytes[c.at++]!;
}

function skipBytes(c: Cursor, count: number): void {
  if (c.at + count > c.end) throw malformed('it ends too early');
  c.at += count;
}
