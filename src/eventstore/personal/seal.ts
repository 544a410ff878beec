/**
 * One personal field as it is stored: base64 of a random nonce (12 bytes), the AES-256-GCM ciphertext of its JSON, and
 * the tag (16 bytes). It can be opened in its own place alone. A storage format.
 */
import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Where a field stands: part of what its tag covers. */
export type Place = {
  readonly workspaceId: string;
  readonly stream: string;
  readonly type: string;
  readonly field: string;
};

const covered = ({ workspaceId, stream, type, field }: Place): string =>
  `${workspaceId}|${stream}|${type}|${field}`;

/** Gives nonces: random ones, but for tests that compare bytes. */
export type Nonces = () => Buffer;
export const randomNonces: Nonces = () => randomBytes(NONCE_BYTES);

export const sealField = (secret: KeyObject, place: Place, value: unknown, nonces: Nonces): string =>
  sealBytes(secret, covered(place), Buffer.from(JSON.stringify(value)), nonces).toString('base64');

/** @throws when it was altered, or belongs elsewhere. */
export function openField(secret: KeyObject, place: Place, sealed: unknown): unknown {
  if (typeof sealed !== 'string') throw new Error('it is no text');
  return JSON.parse(openBytes(secret, covered(place), Buffer.from(sealed, 'base64')).toString());
}

export function sealBytes(
  secret: KeyObject,
  alsoCovered: string,
  plain: Buffer,
  nonces: Nonces = randomNonces,
): Buffer {
  const nonce = nonces();
  const cipher = createCipheriv(ALGORITHM, secret, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(alsoCovered));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws when a bit of it, or of what it also covers, is another. */
export function openBytes(secret: KeyObject, alsoCovered: string, sealed: Buffer): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new Error('it is too short');
  const end = sealed.length - TAG_BYTES;
  const cipher = createDecipheriv(ALGORITHM, secret, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  cipher.setAAD(Buffer.from(alsoCovered));
  cipher.setAuthTag(sealed.subarray(end));
  return Buffer.concat([cipher.update(sealed.subarray(NONCE_BYTES, end)), cipher.final()]);
}
