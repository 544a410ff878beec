/** Hashes and the ids made of them. What goes into each is part of the storage format. */
import { createHmac, createSecretKey, hkdfSync } from 'node:crypto';
import type { Id } from '../domain/kernel/values.ts';
import { canonicalJson } from './canonical.ts';
import { sha256, sha256Hex } from './sha256.ts';

/** The parts of an event that its id and its successor's `prevHash` cover, exactly as stored. */
export type HashedEvent = {
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly data?: unknown;
  readonly metadata?: unknown;
};

/** A UUIDv8 (RFC 9562) of the first 122 free bits of a SHA-256. */
export function uuid8(hash: Buffer): Id {
  const bytes = Buffer.from(hash.subarray(0, 16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** An id that follows from names: the same names always give the same id. */
export const idFrom = (...names: readonly (string | number)[]): Id => uuid8(sha256(names.join('|')));

/** The `prevHash` of a stream's first event. */
export const streamHash = (stream: string): string => sha256Hex(stream);

/** Both hashes of an event in one pass: its id, and the `prevHash` of the event after it. */
export function sealEvent(event: HashedEvent): { id: Id; hash: string } {
  const { id, textWith } = idOfContent(event);
  return { id, hash: sha256Hex(textWith(id)) };
}

/** The id that an event of this content must have, and the text that is hashed of it with an id. */
export function idOfContent(event: HashedEvent): { id: Id; textWith: (id: string) => string } {
  const data = event.data === undefined ? '' : `"data":${canonicalJson(event.data)},`;
  const metadata = event.metadata === undefined ? '' : `"metadata":${canonicalJson(event.metadata)},`;
  const rest = `${metadata}"revision":${event.revision},"stream":${JSON.stringify(event.stream)},"type":${JSON.stringify(event.type)}}`;
  return {
    id: uuid8(sha256(`{${data}${rest}`)),
    textWith: id => `{${data}"id":${JSON.stringify(id)},${rest}`,
  };
}

/** The `prevHash` after an event of this text. */
export const hashOfText = sha256Hex;

/** The `prevHash` that the event after this one must carry. */
export function chainHash(event: HashedEvent & { readonly id: string }): string {
  const { stream, revision, id, type, data, metadata } = event;
  return sha256Hex(canonicalJson({ stream, revision, id, type, data, metadata }));
}

/** Keyed hashes of one purpose, so that what is hashed can't be guessed without the installation's key. */
export function keyedHash(masterKey: Buffer, purpose: string): (text: string) => Buffer {
  // As a key object: preparing it from bytes each time costs four times what the hash does.
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', masterKey, '', `relata/${purpose}`, 32)));
  return text => createHmac('sha256', key).update(text).digest();
}
