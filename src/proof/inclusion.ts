/** Proofs that events are in the tree of a head, read from the chunks in Postgres. */
import { sql } from 'kysely';
import { CHUNK, parted } from './growingTree.ts';
import type { Reads } from './heads.ts';
import { inclusionPath, nodeHash, rootOf, type SubtreeHash, splitOf } from './merkle.ts';
import { positionsIn } from './treeStore.ts';
import { bytesIn } from './verify/cachedTrees.ts';

export type Inclusion = {
  /** The event's place among all of the workspace, from 0. */
  readonly index: number;
  readonly leaf: Buffer;
  /** Siblings from the leaf up to the root. */
  readonly path: readonly Buffer[];
};

/** For each position the proof that its event is among the first `size`, or nothing when it isn't. */
export async function inclusionsOf(
  reads: Reads,
  workspaceId: string,
  positions: readonly bigint[],
  size: number,
): Promise<readonly (Inclusion | undefined)[]> {
  const wanted = await chunksAt(reads, workspaceId, positions);
  const last = Math.floor(size / CHUNK);
  const chunks = await leavesOf(reads, workspaceId, [...wanted, last]);
  const roots = await rootsUpTo(reads, workspaceId, last);
  const subtree = subtreesOf(size, roots, chunks);
  const places = new Map<bigint, number>();
  for (const [chunk, { positions: each }] of chunks)
    for (const [i, position] of each.entries()) places.set(position, chunk * CHUNK + i);
  return positions.map(position => {
    const index = places.get(position);
    if (index === undefined || index >= size) return undefined;
    const leaf = chunks.get(Math.floor(index / CHUNK))?.leaves[index % CHUNK];
    return leaf && { index, leaf, path: inclusionPath(index, size, subtree) };
  });
}

type Leaves = { readonly positions: readonly bigint[]; readonly leaves: readonly Buffer[] };

async function chunksAt(
  reads: Reads,
  workspaceId: string,
  positions: readonly bigint[],
): Promise<ReadonlySet<number>> {
  if (positions.length === 0) return new Set();
  const list = sql.join(positions.map(position => sql`(${String(position)}::bigint)`));
  const rows = await reads.read(sql`
    SELECT DISTINCT c.chunk FROM (VALUES ${list}) AS wanted (at)
    CROSS JOIN LATERAL (
      SELECT chunk FROM relata.tree_chunks WHERE workspace_id = ${workspaceId} AND first_position <= wanted.at
      ORDER BY first_position DESC LIMIT 1) c`);
  return new Set(rows.map(([chunk]) => chunk as number));
}

async function leavesOf(
  reads: Reads,
  workspaceId: string,
  chunks: readonly number[],
): Promise<ReadonlyMap<number, Leaves>> {
  const list = sql.join([...new Set(chunks)]);
  const rows = await reads.read(
    sql`SELECT chunk, positions, leaves FROM relata.tree_chunks WHERE workspace_id = ${workspaceId} AND chunk IN (${list})`,
  );
  return new Map(
    rows.map(([chunk, positions, leaves]) => [
      chunk as number,
      { positions: positionsIn(bytesIn(positions)), leaves: parted(bytesIn(leaves)) },
    ]),
  );
}

/** Roots of whole chunks, in one value: a row for each would cost more than they do. */
async function rootsUpTo(reads: Reads, workspaceId: string, chunk: number): Promise<readonly Buffer[]> {
  const [row] = await reads.read(
    sql`SELECT string_agg(root, '' ORDER BY chunk) FROM relata.tree_chunks
        WHERE workspace_id = ${workspaceId} AND chunk < ${chunk}`,
  );
  return row?.[0] ? parted(bytesIn(row[0])) : [];
}

/** Hashes of subtrees, each made once for all proofs of one size. */
function subtreesOf(
  size: number,
  roots: readonly Buffer[],
  chunks: ReadonlyMap<number, Leaves>,
): SubtreeHash {
  const known = new Map<string, Buffer>();
  const make: SubtreeHash = (from, to) => {
    const chunk = Math.floor(from / CHUNK);
    const root = roots[chunk];
    if (root && from % CHUNK === 0 && to === from + CHUNK) return root;
    if (to - from > CHUNK) {
      const middle = from + splitOf(to - from);
      return nodeHash(subtree(from, middle), subtree(middle, to));
    }
    const start = chunk * CHUNK;
    return rootOf(chunks.get(chunk)?.leaves.slice(from - start, Math.min(to, size) - start) ?? []);
  };
  const subtree: SubtreeHash = (from, to) => {
    const name = `${from}-${to}`;
    const hash = known.get(name) ?? make(from, to);
    known.set(name, hash);
    return hash;
  };
  return subtree;
}
