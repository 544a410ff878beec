/**
 * The Merkle tree of RFC 9162 §2.1 over SHA-256: leaves and nodes are hashed under prefixes of their own, and a tree of n
 * leaves is split at the largest power of two below n. Everything here is pure.
 * Source: https://www.rfc-editor.org/rfc/rfc9162#section-2.1
 */
import { sha256 } from '../eventstore/sha256.ts';

export const HASH_BYTES = 32;

/** The root of a tree without leaves. */
export const EMPTY_ROOT: Buffer = sha256('');

/** Of a leaf's text in UTF-8. */
export const leafHash = (text: string): Buffer => sha256(`\u0000${text}`);

/** What is hashed of a node: written over by each. */
const node = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

export function nodeHash(left: Buffer, right: Buffer): Buffer {
  left.copy(node, 1);
  right.copy(node, 1 + HASH_BYTES);
  return sha256(node);
}

/** A whole subtree, whose size is a power of two. */
export type Peak = { readonly size: number; readonly hash: Buffer };

/** Subtrees from left to right, each larger than the next: what a tree must remember to grow. */
export type Peaks = readonly Peak[];

/** With one more subtree at the right, which no earlier one may be smaller than. */
export function withPeak(peaks: Peaks, peak: Peak): Peaks {
  const grown = [...peaks, peak];
  for (;;) {
    const [left, right] = grown.slice(-2);
    if (!left || !right || left.size !== right.size) return grown;
    grown.splice(-2, 2, { size: left.size * 2, hash: nodeHash(left.hash, right.hash) });
  }
}

export const rootOfPeaks = (peaks: Peaks): Buffer =>
  peaks
    .map(({ hash }) => hash)
    .reduceRight<Buffer | undefined>((right, left) => (right ? nodeHash(left, right) : left), undefined) ??
  EMPTY_ROOT;

/** The root over the leaves. */
export function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return EMPTY_ROOT;
  let row = leaves;
  while (row.length > 1) {
    const next: Buffer[] = [];
    for (let i = 0; i + 1 < row.length; i += 2) next.push(nodeHash(row[i] as Buffer, row[i + 1] as Buffer));
    if (row.length % 2 === 1) next.push(row.at(-1) as Buffer); // what has no partner moves up as it is
    row = next;
  }
  return row[0] as Buffer; // there is at least one
}

/** The hash of the subtree over leaves `from` to `to` (exclusive) of a tree. */
export type SubtreeHash = (from: number, to: number) => Buffer;

/** PATH(index, D[size]): the siblings from the leaf up to the root. */
export function inclusionPath(index: number, size: number, subtree: SubtreeHash): readonly Buffer[] {
  const path: Buffer[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      path.push(subtree(middle, to));
      to = middle;
    } else {
      path.push(subtree(from, middle));
      from = middle;
    }
  }
  return path.reverse();
}

/** The root that a leaf and its path lead to (RFC 9162 §2.1.3.2); nothing when the path is not one of such a tree. */
export function rootFromPath(
  index: number,
  size: number,
  leaf: Buffer,
  path: readonly Buffer[],
): Buffer | undefined {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size)
    return undefined;
  let [node, last] = [index, size - 1];
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0) return undefined;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, half(last)];
    } else hash = nodeHash(hash, sibling);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 ? hash : undefined;
}

const half = (n: number): number => Math.floor(n / 2);

/** The largest power of two below n, for n > 1. */
export function splitOf(n: number): number {
  let split = 1;
  while (split * 2 < n) split *= 2;
  return split;
}
