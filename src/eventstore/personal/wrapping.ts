/** A person's key as it lies in the vault: sealed by a wrapping key, and bound to the person. A storage format. */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { vaultError } from './errors.ts';
import type { WrappingKey } from './keyring.ts';
import type { Subject } from './keySource.ts';
import { openBytes, sealBytes } from './seal.ts';

/** A row of the vault. */
export type KeyRow = Subject & {
  readonly keyId: string;
  /** Nothing for a key that was destroyed. */
  readonly wrapped: Buffer | null;
  readonly wrappedBy: string | null;
};

type Owned = Subject & { readonly keyId: string };

const covered = ({ keyId, workspaceId, category, id }: Owned): string =>
  `${keyId}|${workspaceId}|${category}|${id}`;

export const wrapKey = (by: WrappingKey, owned: Owned, secret: KeyObject): Buffer =>
  sealBytes(by.secret, covered(owned), secret.export());

/** @throws when the row was altered, or is another person's. */
export function unwrapKey(by: WrappingKey, row: KeyRow): KeyObject {
  try {
    return createSecretKey(openBytes(by.secret, covered(row), row.wrapped ?? Buffer.alloc(0)));
  } catch (cause) {
    throw vaultError(
      'KEY_MISSING',
      `The key ${row.keyId} in vault.subject_keys was altered; restore that row from a backup.`,
      cause,
    );
  }
}
