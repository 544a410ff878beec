/** What Postgres keeps of the trees, small enough to be held while the log is read. */
import { type RawBuilder, sql } from 'kysely';
import { fatal } from '../../runtime/fatal.ts';
import { CHUNK, growingTree, parted } from '../growingTree.ts';
import type { WitnessedHead } from '../headFiles.ts';
import { positionsIn } from '../treeStore.ts';
import type { Beginning, CachedChunk, CachedTree } from './trees.ts';

export type Read = (fragment: RawBuilder<unknown>) => Promise<readonly (readonly unknown[])[]>;

export async function readCachedTrees(read: Read): Promise<ReadonlyMap<string, CachedTree>> {
  const trees = await read(sql`SELECT workspace_id, size FROM relata.trees ORDER BY 1`);
  const cached = new Map<string, CachedTree>();
  for (const [workspaceId, size] of trees as readonly [string, bigint][]) {
    const rows = await read(
      sql`SELECT root, sha256(leaves), sha256(positions) FROM relata.tree_chunks
          WHERE workspace_id = ${workspaceId} ORDER BY chunk`,
    );
    const chunks = rows.map(
      ([root, leaves, positions]): CachedChunk => ({
        root: root === null ? undefined : bytesIn(root),
        leaves: bytesIn(leaves),
        positions: bytesIn(positions),
      }),
    );
    cached.set(workspaceId, { size: Number(size), chunks });
  }
  return cached;
}

/** The tree up to a head, as Postgres keeps it. @throws FatalError when it doesn't lead to that head. */
export async function readBeginning(read: Read, head: WitnessedHead): Promise<Beginning> {
  const { workspaceId, size } = head;
  const whole = Math.floor(size / CHUNK);
  const roots = await read(
    sql`SELECT root FROM relata.tree_chunks
        WHERE workspace_id = ${workspaceId} AND chunk < ${whole} AND root IS NOT NULL ORDER BY chunk`,
  );
  const [begun] = await read(
    sql`SELECT leaves, positions FROM relata.tree_chunks WHERE workspace_id = ${workspaceId} AND chunk = ${whole}`,
  );
  const count = size % CHUNK;
  const beginning: Beginning = {
    head,
    roots: roots.map(([root]) => bytesIn(root)),
    leaves: count === 0 || !begun ? [] : parted(bytesIn(begun[0])).slice(0, count),
    positions: count === 0 || !begun ? [] : positionsIn(bytesIn(begun[1])).slice(0, count),
  };
  const tree = growingTree({ roots: beginning.roots, tail: beginning.leaves });
  if (tree.size() === size && tree.rootAt(size)?.toString('hex') === head.rootHash) return beginning;
  throw fatal(
    'SINCE_DIFFERS',
    `What Postgres keeps of the first ${size} events doesn't lead to the head of that size; run relata verify without --since.`,
  );
}

/** A bytea as the query layer hands it out: `\x00ff…`. */
export const bytesIn = (value: unknown): Buffer => Buffer.from(String(value).slice(2), 'hex');
