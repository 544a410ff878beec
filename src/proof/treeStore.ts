/** The trees in Postgres: written by the keeper in one transaction with its checkpoint, loaded when it begins. */
import type pg from 'pg';
import { inTransaction } from '../projections/engine/activate.ts';
import { fenced } from '../projections/engine/failure.ts';
import { BEFORE_ALL, type LogPoint } from '../projections/engine/source.ts';
import { joined, parted } from './growingTree.ts';

/** A chunk of leaves, whole or as far as it has come. */
export type Chunk = {
  readonly workspaceId: string;
  readonly chunk: number;
  readonly positions: readonly bigint[];
  readonly leaves: readonly Buffer[];
  /** Once it is full. */
  readonly root: Buffer | undefined;
};

/** How far a workspace's tree and its heads are. */
export type TreeState = {
  readonly workspaceId: string;
  readonly size: number;
  /** Of its last leaf. */
  readonly position: bigint;
  readonly headSize: number;
  readonly pending: number;
};

export type StoredTree = TreeState & {
  readonly roots: readonly Buffer[];
  readonly tail: Chunk | undefined;
};

type CheckpointRow = { readonly commit: string; readonly prepare: string; readonly event_id: string | null };

export async function readCheckpoint(db: pg.Pool | pg.ClientBase): Promise<LogPoint | undefined> {
  const { rows } = await db.query<CheckpointRow>(
    'SELECT commit_position::text AS commit, prepare_position::text AS prepare, event_id FROM relata.tree_checkpoint',
  );
  const row = rows[0];
  if (!row?.event_id) return undefined;
  return { commit: BigInt(row.commit), prepare: BigInt(row.prepare), eventId: row.event_id };
}

/** The trees that have leaves beyond their last head; others are loaded when there is a leaf for them. */
export async function readUnfinished(pool: pg.Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ workspace_id: string }>(
    'SELECT workspace_id FROM relata.trees WHERE pending > 0 ORDER BY 1',
  );
  return rows.map(({ workspace_id: id }) => id);
}

export async function readTree(pool: pg.Pool, workspaceId: string): Promise<StoredTree> {
  const { rows } = await pool.query<{ size: string; position: string; head_size: string; pending: string }>(
    'SELECT size, last_position AS position, head_size, pending FROM relata.trees WHERE workspace_id = $1',
    [workspaceId],
  );
  const [state] = rows;
  const full = await pool.query<{ root: Buffer }>(
    'SELECT root FROM relata.tree_chunks WHERE workspace_id = $1 AND root IS NOT NULL ORDER BY chunk',
    [workspaceId],
  );
  const begun = await pool.query<{ chunk: number; positions: Buffer; leaves: Buffer }>(
    'SELECT chunk, positions, leaves FROM relata.tree_chunks WHERE workspace_id = $1 AND root IS NULL',
    [workspaceId],
  );
  const [tail] = begun.rows;
  return {
    workspaceId,
    size: Number(state?.size ?? 0),
    position: BigInt(state?.position ?? -1),
    headSize: Number(state?.head_size ?? 0),
    pending: Number(state?.pending ?? 0),
    roots: full.rows.map(({ root }) => root),
    tail: tail && {
      workspaceId,
      chunk: tail.chunk,
      positions: positionsIn(tail.positions),
      leaves: parted(tail.leaves),
      root: undefined,
    },
  };
}

/** @throws `Fenced` when the checkpoint is elsewhere: another owner has moved it. */
export async function storeTrees(
  pool: pg.Pool,
  from: LogPoint | undefined,
  to: LogPoint,
  states: readonly TreeState[],
  chunks: readonly Chunk[],
): Promise<void> {
  const { commit, prepare } = from ?? BEFORE_ALL;
  await inTransaction(pool, async client => {
    const moved = await client.query(
      `UPDATE relata.tree_checkpoint SET commit_position = $1, prepare_position = $2, event_id = $3
       WHERE commit_position = $4 AND prepare_position = $5`,
      [to.commit, to.prepare, to.eventId, commit, prepare],
    );
    if (moved.rowCount !== 1) throw fenced('another keeper has moved the trees');
    for (const { workspaceId, size, position, headSize, pending } of states)
      await client.query(
        `INSERT INTO relata.trees (workspace_id, size, last_position, head_size, pending) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (workspace_id) DO UPDATE SET size = excluded.size, last_position = excluded.last_position,
           head_size = excluded.head_size, pending = excluded.pending`,
        [workspaceId, size, position, headSize, pending],
      );
    for (const { workspaceId, chunk, positions, leaves, root } of chunks)
      await client.query(
        `INSERT INTO relata.tree_chunks (workspace_id, chunk, first_position, positions, leaves, root)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (workspace_id, chunk) DO UPDATE
         SET positions = excluded.positions, leaves = excluded.leaves, root = excluded.root`,
        [workspaceId, chunk, positions[0], bytesOf(positions), joined(leaves), root ?? null],
      );
  });
}

/** Forgets all trees: they are made anew from the log. */
export async function resetTrees(pool: pg.Pool): Promise<void> {
  await pool.query(`TRUNCATE relata.trees, relata.tree_chunks;
    UPDATE relata.tree_checkpoint SET commit_position = -1, prepare_position = -1, event_id = NULL`);
}

const POSITION_BYTES = 8;

export function bytesOf(positions: readonly bigint[]): Buffer {
  const bytes = Buffer.allocUnsafe(positions.length * POSITION_BYTES);
  for (const [i, position] of positions.entries()) bytes.writeBigInt64BE(position, i * POSITION_BYTES);
  return bytes;
}

export const positionsIn = (bytes: Buffer): readonly bigint[] =>
  Array.from({ length: bytes.length / POSITION_BYTES }, (_, i) => bytes.readBigInt64BE(i * POSITION_BYTES));
