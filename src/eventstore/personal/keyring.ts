/**
 * The keys that wrap persons' keys: one that derives from the installation's master key, those given, and those in the
 * folder `keys/wrapping`, where a rotation puts them. Their ids derive from them, so a wrong key is never taken for another.
 */
import { createHash, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const KEY_BYTES = 32;
const SUFFIX = '.key';

export type WrappingKey = { readonly id: string; readonly secret: KeyObject };

/** Plain values, so that it can be handed to a thread. */
export type KeyringOptions = {
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  /** 32 bytes each; the last one is the newest. */
  readonly given: readonly Uint8Array[];
  /** Where a rotation puts keys; it needn't be there. */
  readonly folder: string;
};

export type Keyring = {
  /** Those in the folder are looked for again when the id is unknown: another process may have put it there. */
  readonly find: (id: string) => Promise<WrappingKey | undefined>;
  /** The one that everything begins with. */
  readonly first: WrappingKey;
  /** The last of those given, if there are any. */
  readonly given: WrappingKey | undefined;
  /** For those who must be told where to put a missing one. */
  readonly folder: string;
};

export function openKeyring({ masterKey, given, folder }: KeyringOptions): Keyring {
  const first = wrappingKey(Buffer.from(hkdfSync('sha256', masterKey, '', 'relata/key-wrapping', KEY_BYTES)));
  const listed = given.map(secret => wrappingKey(Buffer.from(secret)));
  const known = new Map([first, ...listed].map(key => [key.id, key]));
  return {
    first,
    given: listed.at(-1),
    folder,
    find: async id => {
      if (!known.has(id)) for (const key of await keysIn(folder)) known.set(key.id, key);
      return known.get(id);
    },
  };
}

export const wrappingKey = (secret: Buffer): WrappingKey => ({
  // A hash of 32 random bytes says nothing about them.
  id: createHash('sha256').update('relata/wrapping-key-id').update(secret).digest('hex').slice(0, 16),
  secret: createSecretKey(secret),
});

export const wrappingKeyFile = (folder: string, { id }: WrappingKey): string => join(folder, id + SUFFIX);

/** What is no key of its name's id is passed over: a copy that was cut short, say. */
async function keysIn(folder: string): Promise<readonly WrappingKey[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter(name => name.endsWith(SUFFIX));
  const keys = await Promise.all(
    files.map(async name => ({ name, key: wrappingKey(await readFile(join(folder, name))) })),
  );
  return keys.flatMap(({ name, key }) =>
    key.secret.symmetricKeySize === KEY_BYTES && name === key.id + SUFFIX ? [key] : [],
  );
}
