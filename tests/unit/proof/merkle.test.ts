import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHUNK, growingTree } from '../../../src/proof/growingTree.ts';
import { EMPTY_ROOT, inclusionPath, leafHash, rootFromPath, rootOf } from '../../../src/proof/merkle.ts';

const sha256 = (...parts: readonly Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();

/** MTH of RFC 9162 §2.1.1, as it is written there. */
function treeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256();
  const [first] = leaves;
  if (first && leaves.length === 1) return first;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha256(Buffer.from([1]), treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)));
}

const leavesOf = (count: number) => Array.from({ length: count }, (_, i) => leafHash(`leaf ${i}`));
const hex = (hash: Buffer | undefined) => hash?.toString('hex');

describe('the tree of RFC 9162', () => {
  // The inputs and roots that implementations of Certificate Transparency are tested with.
  const INPUTS = ['', '\u0000', '\u0010', ' !', '01', '@ABC', 'PQRSTUVW', '`abcdefghijklmno'];
  const ROOTS = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  test.each(ROOTS.map((root, i) => [i + 1, root] as const))('of %d leaves has the known root', (size, root) =>
    expect(hex(rootOf(INPUTS.slice(0, size).map(leafHash)))).toBe(root),
  );
  test('without leaves is the hash of nothing', () => expect(EMPTY_ROOT).toEqual(treeHash([])));
  test.each(Array.from({ length: 40 }, (_, size) => size))('of %d leaves is as the RFC defines it', size =>
    expect(rootOf(leavesOf(size))).toEqual(treeHash(leavesOf(size))),
  );
});

describe('a path', () => {
  const subtreeOf = (leaves: readonly Buffer[]) => (from: number, to: number) =>
    treeHash(leaves.slice(from, to));

  test('leads from every leaf to the root, and from no other leaf, place or tree', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70 }).chain(size => fc.tuple(fc.constant(size), fc.nat(size - 1))),
        ([size, index]) => {
          const leaves = leavesOf(size);
          const leaf = leaves[index]!;
          const path = inclusionPath(index, size, subtreeOf(leaves));
          const root = treeHash(leaves);
          expect(rootFromPath(index, size, leaf, path)).toEqual(root);
          expect(rootFromPath(index, size, leafHash('another'), path)).not.toEqual(root);
          for (let other = 0; other < size; other++)
            if (other !== index) expect(rootFromPath(other, size, leaf, path)).not.toEqual(root);
          expect(rootFromPath(index, size, leaf, [...path, leaf])).toBeUndefined();
          if (path.length > 0) expect(rootFromPath(index, size, leaf, path.slice(1))).not.toEqual(root);
        },
      ),
    ));
  test.each([
    [0, 0],
    [1, 1],
    [-1, 5],
    [0.5, 5],
  ])('of leaf %d among %d there is none', (index, size) =>
    expect(rootFromPath(index, size, leafHash(''), [])).toBeUndefined(),
  );
});

describe('a tree that grows', () => {
  const sizes = [0, 1, 5, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17];
  const leaves = leavesOf(3 * CHUNK + 17);

  test.each(sizes)('has at %d leaves the root of those leaves', size => {
    const tree = growingTree();
    const roots = leaves.slice(0, size).flatMap(leaf => tree.push(leaf) ?? []);
    expect(tree.size()).toBe(size);
    expect(hex(tree.rootAt(size))).toBe(hex(treeHash(leaves.slice(0, size))));
    expect(roots).toEqual(
      Array.from({ length: Math.floor(size / CHUNK) }, (_, i) =>
        treeHash(leaves.slice(i * CHUNK, (i + 1) * CHUNK)),
      ),
    );
  });
  test.each(sizes)('goes on from %d as if it had never stopped', size => {
    const before = growingTree();
    const roots = leaves.slice(0, size).flatMap(leaf => before.push(leaf) ?? []);
    const tree = growingTree({ roots, tail: leaves.slice(roots.length * CHUNK, size) });
    expect(tree.rootAt(size)).toEqual(before.rootAt(size));
    for (const leaf of leaves.slice(size)) tree.push(leaf);
    expect(hex(tree.rootAt(leaves.length))).toBe(hex(treeHash(leaves)));
  });
  test('knows its root of a while ago, and says so when it was too long ago', () => {
    const tree = growingTree(undefined, 2);
    for (const leaf of leaves) tree.push(leaf);
    for (const size of [2 * CHUNK, 2 * CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17])
      expect(hex(tree.rootAt(size))).toBe(hex(treeHash(leaves.slice(0, size))));
    expect([CHUNK, 2 * CHUNK - 1, 3 * CHUNK + 18].map(size => tree.rootAt(size))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
