/**
 * A tree that grows leaf by leaf, in chunks: a chunk's root is a node of the tree, so whatever is asked later needs the
 * roots of whole chunks and the leaves of few. It remembers the last chunks' leaves, and so its own recent past.
 */
import { HASH_BYTES, type Peaks, rootOf, rootOfPeaks, withPeak } from './merkle.ts';

/** Leaves. A power of two; part of how the cache in Postgres is laid out, and of nothing else. */
export const CHUNK = 1_024;

export type GrowingTree = {
  readonly size: () => number;
  /** @returns the root of the chunk that this leaf completes. */
  readonly push: (leaf: Buffer) => Buffer | undefined;
  /** The root that it had at this size; nothing when that is longer ago than it remembers. */
  readonly rootAt: (size: number) => Buffer | undefined;
};

/**
 * A chunk's leaves, and the peaks of all chunks before it. The leaves lie in memory of their own: one by one they would keep
 * alive the slabs that they were cut from.
 */
type Recent = { readonly before: Peaks; readonly leaves: Buffer; count: number };

const chunkAfter = (before: Peaks, tail: readonly Buffer[] = []): Recent => {
  const leaves = Buffer.alloc(CHUNK * HASH_BYTES);
  for (const [i, leaf] of tail.entries()) leaf.copy(leaves, i * HASH_BYTES);
  return { before, leaves, count: tail.length };
};

const rootOfFirst = ({ leaves }: Recent, count: number): Buffer =>
  rootOf(parted(leaves.subarray(0, count * HASH_BYTES)));

/** @param roots of the whole chunks; @param tail leaves of the one that has begun. */
export function growingTree(
  { roots, tail }: { readonly roots: readonly Buffer[]; readonly tail: readonly Buffer[] } = NOTHING,
  remembered = 4,
): GrowingTree {
  let chunks = roots.length;
  const before = roots.reduce<Peaks>((peaks, hash) => withPeak(peaks, { size: CHUNK, hash }), []);
  let current = chunkAfter(before, tail);
  const recent: Recent[] = [current];

  return {
    size: () => chunks * CHUNK + current.count,
    push: leaf => {
      leaf.copy(current.leaves, current.count * HASH_BYTES);
      current.count += 1;
      if (current.count < CHUNK) return undefined;
      const hash = rootOfFirst(current, CHUNK);
      current = chunkAfter(withPeak(current.before, { size: CHUNK, hash }));
      chunks += 1;
      recent.push(current);
      if (recent.length > remembered) recent.shift();
      return hash;
    },
    rootAt: size => {
      const chunk = Math.floor(size / CHUNK);
      const at = recent[chunk - chunks + recent.length - 1];
      const count = size % CHUNK;
      if (!at || count > at.count) return undefined;
      if (count === 0) return rootOfPeaks(at.before);
      return rootOfPeaks([...at.before, { size: count, hash: rootOfFirst(at, count) }]);
    },
  };
}

const NOTHING = { roots: [], tail: [] };

/** Hashes side by side, as they lie in Postgres. */
export const joined = (hashes: readonly Buffer[]): Buffer => Buffer.concat(hashes);

export function parted(bytes: Buffer): readonly Buffer[] {
  const hashes: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += HASH_BYTES) hashes.push(bytes.subarray(at, at + HASH_BYTES));
  return hashes;
}
