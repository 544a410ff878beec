/**
 * The Ed25519 key that tree heads are signed with. It lies in the data folder's `keys/`, is made when it is first needed,
 * and is read for each head, so that one that took its place is found. Given from outside, none is made or read here.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { readIfThere, writeWhole } from './files.ts';
import { layout } from './layout.ts';

/** PKCS#8 in PEM. @param given the one from outside. */
export async function readSigningKey(dir: string, given?: string): Promise<string> {
  if (given !== undefined) return given;
  const { signingKey, keys } = layout(dir);
  const stored = await readIfThere(signingKey);
  if (stored) return stored.toString();
  const pem = newSigningKey();
  await mkdir(keys, { recursive: true, mode: 0o700 });
  await writeWhole(signingKey, pem, PRIVATE);
  return pem;
}

export const newSigningKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** Kept beside the present one, until `adoptSigningKey` puts it into its place. @returns what was kept before, if anything. */
export async function keepNextSigningKey(dir: string): Promise<string> {
  const { nextSigningKey } = layout(dir);
  const kept = await readIfThere(nextSigningKey);
  if (kept) return kept.toString(); // a rotation that was cut short goes on with the same key
  const pem = newSigningKey();
  await writeWhole(nextSigningKey, pem, PRIVATE);
  return pem;
}

/** The next key is the present one from here on; the one before is gone. */
export async function adoptSigningKey(dir: string): Promise<void> {
  const { signingKey, nextSigningKey } = layout(dir);
  await rename(nextSigningKey, signingKey);
}

export const writeSigningKey = (path: string, pem: string): Promise<void> => writeWhole(path, pem, PRIVATE);

const PRIVATE = 0o600;
