/** Signed heads and public keys as the read models have them. */
import { sql } from 'kysely';
import type { ReadSession } from '../projections/query/session.ts';
import type { WitnessedHead } from './headFiles.ts';

export type Reads = Pick<ReadSession, 'read'>;

const HEAD = sql`
  SELECT h.workspace_id, h.size, h.root_hash, h.last_position, h.previous_size, h.signed_at, h.key_id, h.signature, k.public_key
  FROM crm.tree_heads h
  JOIN LATERAL (SELECT public_key FROM crm.signing_keys k
                WHERE k.workspace_id = h.workspace_id AND k.key_id = h.key_id LIMIT 1) k ON true`;

/** Those of a workspace beyond a size, from the smallest on. */
export async function headsAfter(
  reads: Reads,
  workspaceId: string,
  size: number,
  limit: number,
): Promise<readonly WitnessedHead[]> {
  const rows = await reads.read(
    sql`${HEAD} WHERE h.workspace_id = ${workspaceId} AND h.size > ${size} ORDER BY h.size LIMIT ${limit}`,
  );
  return rows.map(headOf);
}

/** The head of a size, or the newest that proofs can be given for. */
export async function headOfSize(
  reads: Reads,
  workspaceId: string,
  size: number | undefined,
): Promise<WitnessedHead | undefined> {
  const which =
    size === undefined
      ? sql`h.size <= coalesce((SELECT t.size FROM relata.trees t WHERE t.workspace_id = h.workspace_id), 0)`
      : sql`h.size = ${size}`;
  const rows = await reads.read(
    sql`${HEAD} WHERE h.workspace_id = ${workspaceId} AND ${which} ORDER BY h.size DESC LIMIT 1`,
  );
  return rows.map(headOf)[0];
}

export async function workspacesWithHeads(reads: Reads): Promise<readonly string[]> {
  const rows = await reads.read(sql`SELECT DISTINCT workspace_id FROM crm.tree_heads ORDER BY 1`);
  return rows.map(([workspaceId]) => workspaceId as string);
}

/** By the columns' types. */
function headOf(row: readonly unknown[]): WitnessedHead {
  const [workspaceId, size, rootHash, position, previousSize, signedAt, keyId, signature, publicKey] =
    row as [string, number, string, string, number, string, string, string, string];
  return { workspaceId, size, rootHash, position, previousSize, signedAt, keyId, signature, publicKey };
}
