/** The keys and nonces that the sealed golden events were written with. They protect nothing. */
import { createHash, createSecretKey } from 'node:crypto';
import { idFrom } from '../../src/eventstore/hash.ts';
import { subjectName } from '../../src/eventstore/personal/keySource.ts';
import type { Nonces } from '../../src/eventstore/personal/seal.ts';
import { memoryVault } from './memoryVault.ts';

/** A vault in which each person's key follows from their name. */
export const goldenVault = () =>
  memoryVault(subject => ({
    id: idFrom('golden key', subjectName(subject)),
    secret: createSecretKey(
      createHash('sha256')
        .update(`golden secret|${subjectName(subject)}`)
        .digest(),
    ),
  }));

/** Bytes of 1, then of 2, … */
export function goldenNonces(): Nonces {
  let n = 0;
  return () => Buffer.alloc(12, ++n);
}
