/** Where this process has the keys from that wrap persons' keys. */
import type { Config } from '../config.ts';
import type { KeyringOptions } from '../eventstore/personal/keyring.ts';
import { layout } from '../runtime/layout.ts';

export const keysOf = (
  { dataDir, wrappingKeys }: Pick<Config, 'dataDir' | 'wrappingKeys'>,
  masterKey: Uint8Array,
): KeyringOptions => ({ masterKey, given: wrappingKeys, folder: layout(dataDir).wrappingKeys });
