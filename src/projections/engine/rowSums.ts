/** Sums of the hashes of many rows, so that two sides of any size are compared without being sorted or held. */
import { randomBytes } from 'node:crypto';
import { sha256Binary } from '../../eventstore/sha256.ts';

/** Rows are summed up in so many parts of a table, so that a difference can be looked for in few of them. */
export const BUCKETS = 4_096;
const LANES = 8;
const SALT_CHARS = 32;

export type Sums = {
  readonly add: (bucket: number, text: string) => void;
  /** The same of the text's bytes. */
  readonly addBytes: (bucket: number, bytes: Uint8Array) => void;
  /** Adds what was summed up elsewhere, with the same salt. */
  readonly addLanes: (more: Uint32Array) => void;
  readonly lanes: Uint32Array;
};

/** @param salt of both sides, and unknown before: then no two sets of rows can be made to have one sum. */
export function sumOfRows(salt: string): Sums {
  const lanes = new Uint32Array(BUCKETS * LANES);
  let salted = Buffer.from(salt.padEnd(4 * SALT_CHARS));
  const add = (bucket: number, hash: string) => {
    const at = bucket * LANES;
    // 256 bits as eight numbers of 32, each of which wraps by itself.
    for (let lane = 0, i = 0; lane < LANES; lane++, i += 4)
      lanes[at + lane] =
        (lanes[at + lane] ?? 0) +
        (hash.charCodeAt(i) |
          (hash.charCodeAt(i + 1) << 8) |
          (hash.charCodeAt(i + 2) << 16) |
          (hash.charCodeAt(i + 3) << 24));
  };
  return {
    lanes,
    addLanes: more => {
      for (const [i, lane] of more.entries()) lanes[i] = (lanes[i] ?? 0) + lane;
    },
    add: (bucket, text) => add(bucket, sha256Binary(salt + text)),
    addBytes: (bucket, bytes) => {
      const length = salt.length + bytes.length;
      if (length > salted.length)
        salted = Buffer.concat([salted.subarray(0, salt.length), Buffer.alloc(2 * length)]);
      salted.set(bytes, salt.length);
      add(bucket, sha256Binary(salted.subarray(0, length)));
    },
  };
}

export const newSalt = (): string => randomBytes(SALT_CHARS / 2).toString('hex');

/** The buckets in which two sides differ. */
export function differing(a: Sums, b: Sums): readonly number[] {
  const found = new Set<number>();
  for (let i = 0; i < a.lanes.length; i++) if (a.lanes[i] !== b.lanes[i]) found.add(Math.floor(i / LANES));
  return [...found];
}
