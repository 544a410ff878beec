/**
 * The trees of tamper evidence as far as they have been hashed: a cache of what the log says (docs/proof.md), from which a
 * proof is read without reading the log. Leaves lie in chunks, so that a proof reads few rows.
 */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // Up to which event of the log all trees are hashed: one row.
  sql`
    CREATE TABLE relata.tree_checkpoint (
      singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
      commit_position bigint NOT NULL DEFAULT -1,
      prepare_position bigint NOT NULL DEFAULT -1,
      event_id uuid
    )`,
  sql`INSERT INTO relata.tree_checkpoint DEFAULT VALUES`,
  // pending: leaves since the last head that ask for another one.
  sql`
    CREATE TABLE relata.trees (
      workspace_id text PRIMARY KEY,
      size bigint NOT NULL,
      last_position bigint NOT NULL,
      head_size bigint NOT NULL,
      pending bigint NOT NULL
    )`,
  // positions: 8 bytes each, leaves: 32 bytes each; the root of a chunk that is full.
  sql`
    CREATE TABLE relata.tree_chunks (
      workspace_id text NOT NULL,
      chunk integer NOT NULL,
      first_position bigint NOT NULL,
      positions bytea NOT NULL,
      leaves bytea NOT NULL,
      root bytea,
      PRIMARY KEY (workspace_id, chunk)
    )`,
  // Hashes can't be made smaller, and rows without them are read by the thousand.
  sql`ALTER TABLE relata.tree_chunks ALTER COLUMN leaves SET STORAGE EXTERNAL`,
  sql`CREATE UNIQUE INDEX tree_chunks_position ON relata.tree_chunks (workspace_id, first_position)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db);
}
