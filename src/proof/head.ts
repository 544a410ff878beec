/** Tree heads and signing keys as they are signed and checked. What is signed is specified in docs/proof.md. */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { sha256Hex } from '../eventstore/sha256.ts';

export type TreeHead = {
  readonly workspaceId: string;
  readonly size: number;
  /** Hexadecimal. */
  readonly rootHash: string;
  /** Of the last event that it covers, in decimal. */
  readonly position: string;
  readonly previousSize: number;
  readonly signedAt: string;
  readonly keyId: string;
  /** Base64. */
  readonly signature: string;
};

export type PublishedKey = {
  readonly keyId: string;
  /** The key's 32 bytes in base64. */
  readonly publicKey: string;
  readonly previousKeyId?: string | undefined;
  /** By the previous key. */
  readonly signature?: string | undefined;
};

export type Signer = {
  readonly keyId: string;
  readonly publicKey: string;
  readonly sign: (message: string) => string;
};

/** What a head's signature covers: lines, so that no two heads have the same bytes. */
export const headMessage = (head: Omit<TreeHead, 'signature'>): string =>
  lines(
    'relata tree head v1',
    head.workspaceId,
    head.size,
    head.rootHash,
    head.position,
    head.previousSize,
    head.signedAt,
    head.keyId,
  );

/** What the previous key signs of the one that takes its place. */
export const keyMessage = (workspaceId: string, { keyId, publicKey, previousKeyId }: PublishedKey): string =>
  lines('relata signing key v1', workspaceId, keyId, publicKey, previousKeyId ?? '');

const lines = (...parts: readonly (string | number)[]): string => parts.map(part => `${part}\n`).join('');

/** @param pem a PKCS#8 Ed25519 private key. @throws when it is none. */
export function signerOf(pem: string): Signer {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('not an Ed25519 key');
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
  const publicKey = Buffer.from(x, 'base64url').toString('base64');
  return {
    keyId: keyIdOf(publicKey),
    publicKey,
    sign: message => sign(null, Buffer.from(message), key).toString('base64'),
  };
}

export const keyIdOf = (publicKey: string): string =>
  sha256Hex(Buffer.from(publicKey, 'base64')).slice(0, 32);

export const signHead = (head: Omit<TreeHead, 'signature' | 'keyId'>, signer: Signer): TreeHead => {
  const unsigned = { ...head, keyId: signer.keyId };
  return { ...unsigned, signature: signer.sign(headMessage(unsigned)) };
};

/** Whether the key is the one that the head names, and signed it. */
export const isSignedBy = (head: TreeHead, publicKey: string): boolean =>
  keyIdOf(publicKey) === head.keyId && verifies(headMessage(head), head.signature, publicKey);

export function verifies(message: string, signature: string, publicKey: string): boolean {
  try {
    return verify(null, Buffer.from(message), keyFrom(publicKey), Buffer.from(signature, 'base64'));
  } catch {
    return false; // what is no key or no signature doesn't verify
  }
}

const keyFrom = (publicKey: string): KeyObject =>
  createPublicKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey, 'base64').toString('base64url') },
  });
