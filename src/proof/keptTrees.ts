/**
 * The trees as the keeper has them in memory: each event of the log is put into its workspace's tree; what has changed
 * goes to Postgres at once with the place in the log. Heads that come by in the log are held against the tree.
 */
import type pg from 'pg';
import { comparePoints, type LogPoint } from '../projections/engine/source.ts';
import { CHUNK, type GrowingTree, growingTree } from './growingTree.ts';
import { leafEventOf, leafText, workspaceOf } from './leaf.ts';
import { leafHash } from './merkle.ts';
import type { StoredLogEvent } from './storedLog.ts';
import { type Chunk, readCheckpoint, readTree, readUnfinished, storeTrees } from './treeStore.ts';

/** A workspace that has grown since its last head, and by how much. */
export type Growth = {
  readonly workspaceId: string;
  readonly size: number;
  readonly rootHash: () => string;
  readonly position: bigint;
  readonly headSize: number;
  /** Events since the last head, but for those of heads and keys themselves: they ask for no other. */
  readonly pending: number;
  /** When the keeper met the first of them; milliseconds since 1970. */
  readonly since: number;
};

export type KeptTrees = {
  /** After which event of the log they are to go on. */
  readonly begin: LogPoint | undefined;
  /** @param now milliseconds since 1970. */
  readonly add: (events: readonly StoredLogEvent[], now: number) => Promise<void>;
  /** Leaves that are not in Postgres. */
  readonly unstored: () => number;
  readonly store: () => Promise<void>;
  readonly grown: () => readonly Growth[];
  /** Notes that there is a head of this size. */
  readonly covered: (workspaceId: string, size: number) => void;
  /** There can be no head now: it asks for one anew, as if its first event had only come. */
  readonly postpone: (workspaceId: string, now: number) => void;
};

/** A signed head in the log that isn't of this log's events. */
export type Mismatch = Error & { readonly mismatch: { readonly workspaceId: string; readonly size: number } };

type Tree = {
  readonly workspaceId: string;
  readonly tree: GrowingTree;
  /** Of the chunk that has begun. */
  positions: bigint[];
  leaves: Buffer[];
  /** Whole chunks that are not in Postgres. */
  full: Chunk[];
  last: bigint;
  headSize: number;
  pending: number;
  since: number;
  dirty: boolean;
};

/** So many trees stay in memory though nothing in them waits for a head. */
const IDLE_TREES = 100;

const OF_THE_TREE = new Set(['TreeHeadSigned', 'SigningKeyPublished']);

export async function openTrees(
  pool: pg.Pool,
  onHead: (head: StoredLogEvent) => void,
  now: number,
): Promise<KeptTrees> {
  const trees = new Map<string, Tree>();
  let stored = await readCheckpoint(pool);
  let point = stored;
  let unstored = 0;

  const load = async (workspaceId: string, at: number): Promise<Tree> => {
    const { roots, tail, position, headSize, pending } = await readTree(pool, workspaceId);
    const { positions = [], leaves = [] } = tail ?? {};
    const tree: Tree = {
      workspaceId,
      tree: growingTree({ roots, tail: leaves }),
      positions: [...positions],
      leaves: [...leaves],
      full: [],
      last: position,
      headSize,
      pending,
      since: at,
      dirty: false,
    };
    trees.set(workspaceId, tree);
    return tree;
  };
  for (const workspaceId of await readUnfinished(pool)) await load(workspaceId, now);

  return {
    begin: stored,
    add: async (events, at) => {
      for (const event of events) {
        const workspaceId = workspaceOf(event.stored);
        if (workspaceId !== undefined) {
          const tree = trees.get(workspaceId) ?? (await load(workspaceId, at));
          if (event.stored.type === 'TreeHeadSigned') {
            checkHead(tree, event);
            onHead(event);
          }
          append(tree, event, at);
          unstored += 1;
        }
        point = event.point;
      }
    },
    unstored: () => unstored,
    store: async () => {
      if (point === undefined || comparePoints(point, stored) === 0) return;
      const dirty = [...trees.values()].filter(tree => tree.dirty);
      const states = dirty.map(({ workspaceId, tree, last: position, headSize, pending }) => {
        return { workspaceId, size: tree.size(), position, headSize, pending };
      });
      await storeTrees(pool, stored, point, states, dirty.flatMap(chunksOf));
      for (const tree of dirty) {
        tree.full = [];
        tree.dirty = false;
      }
      [stored, unstored] = [point, 0];
      evict(trees);
    },
    grown: () => [...trees.values()].filter(({ pending }) => pending > 0).map(growthOf),
    covered: (workspaceId, size) => {
      const tree = trees.get(workspaceId);
      if (tree) cover(tree, size);
    },
    postpone: (workspaceId, at) => {
      const tree = trees.get(workspaceId);
      if (tree) [tree.pending, tree.since] = [1, at];
    },
  };
}

function append(tree: Tree, { stored, point }: StoredLogEvent, now: number): void {
  const leaf = leafHash(leafText(leafEventOf(stored)));
  tree.leaves.push(leaf);
  tree.positions.push(point.commit);
  tree.last = point.commit;
  tree.dirty = true;
  const root = tree.tree.push(leaf);
  if (root) {
    const { workspaceId, positions, leaves } = tree;
    tree.full.push({ workspaceId, chunk: tree.tree.size() / CHUNK - 1, positions, leaves, root });
    [tree.positions, tree.leaves] = [[], []];
  }
  if (OF_THE_TREE.has(stored.type)) return;
  if (tree.pending === 0) tree.since = now;
  tree.pending += 1;
}

/** What was signed must be what stands in the log. A head of long ago is left to `relata verify`. */
function checkHead(tree: Tree, { stored }: StoredLogEvent): void {
  const { size, rootHash } = stored.data as { readonly size: number; readonly rootHash: string };
  const isPast = Number.isSafeInteger(size) && size > 0 && size <= tree.tree.size();
  const root = isPast ? tree.tree.rootAt(size) : undefined;
  if (!isPast || (root && root.toString('hex') !== rootHash)) throw mismatch(tree, size);
  cover(tree, size);
}

function cover(tree: Tree, size: number): void {
  tree.headSize = Math.max(tree.headSize, size);
  tree.pending = Math.min(tree.pending, tree.tree.size() - tree.headSize);
  tree.dirty = true;
}

const mismatch = ({ workspaceId }: Tree, size: number): Mismatch =>
  Object.assign(
    new Error(
      `the signed head of the first ${size} events of workspace ${workspaceId} is not theirs: the log was changed, or the trees in Postgres were; run \`relata verify\``,
    ),
    { name: 'Mismatch', mismatch: { workspaceId, size } },
  );

export const isMismatch = (error: unknown): error is Mismatch =>
  error instanceof Error && 'mismatch' in error;

function chunksOf({ workspaceId, tree, full, positions, leaves }: Tree): readonly Chunk[] {
  if (leaves.length === 0) return full;
  return [
    ...full,
    { workspaceId, chunk: Math.floor(tree.size() / CHUNK), positions, leaves, root: undefined },
  ];
}

const growthOf = ({ workspaceId, tree, last, headSize, pending, since }: Tree): Growth => ({
  workspaceId,
  size: tree.size(),
  rootHash: () => (tree.rootAt(tree.size()) as Buffer).toString('hex'), // of now it always knows
  position: last,
  headSize,
  pending,
  since,
});

/** The longest untouched go first, as a Map keeps its order. */
function evict(trees: Map<string, Tree>): void {
  let over = trees.size - IDLE_TREES;
  for (const [workspaceId, { pending }] of trees) {
    if (over <= 0) return;
    if (pending > 0) continue;
    trees.delete(workspaceId);
    over -= 1;
  }
}
