/**
 * Persons' keys and the ledger of erased ones. The vault has a schema of its own, which outlives read models: whoever
 * drops `relata` and `crm` to have them built anew leaves it alone, and this finds it there.
 */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  sql`CREATE SCHEMA IF NOT EXISTS vault`,
  // One row a person. A destroyed key has no bytes any more; its row stays, and says that it was destroyed.
  sql`
    CREATE TABLE IF NOT EXISTS vault.subject_keys (
      key_id uuid PRIMARY KEY,
      workspace_id text NOT NULL,
      subject_category text NOT NULL,
      subject_id text NOT NULL,
      wrapped bytea,
      wrapping_key_id text,
      created_at timestamptz(3) NOT NULL DEFAULT now(),
      erased_at timestamptz(3),
      UNIQUE (workspace_id, subject_category, subject_id),
      CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL))
    )`,
  // What keys are wrapped by. One is current; those that are not retired may still be needed.
  sql`
    CREATE TABLE IF NOT EXISTS vault.wrapping_keys (
      id text PRIMARY KEY,
      is_current boolean NOT NULL,
      created_at timestamptz(3) NOT NULL DEFAULT now(),
      retired_at timestamptz(3)
    )`,
  sql`CREATE UNIQUE INDEX IF NOT EXISTS wrapping_keys_current ON vault.wrapping_keys (is_current) WHERE is_current`,
  // The keys of persons; who has none gets the one that is offered. Keys come in under the current wrapping key alone, and
  // it doesn't change meanwhile: after a rotation nothing is under the old one. Of nodes that race, one gets its key in.
  sql`
    CREATE OR REPLACE FUNCTION vault.keys_for(
      workspaces text[], categories text[], subjects text[], offered_ids uuid[], offered bytea[], wrapped_by text
    ) RETURNS SETOF vault.subject_keys LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (
        SELECT FROM unnest(workspaces, categories, subjects) AS s (workspace_id, category, id)
        LEFT JOIN vault.subject_keys k
          ON k.workspace_id = s.workspace_id AND k.subject_category = s.category AND k.subject_id = s.id
        WHERE k.key_id IS NULL
      ) THEN
        PERFORM pg_advisory_xact_lock_shared(hashtext('relata.vault'));
        IF NOT EXISTS (SELECT FROM vault.wrapping_keys WHERE id = wrapped_by AND is_current) THEN
          RAISE EXCEPTION 'another key wraps now' USING ERRCODE = 'RL002';
        END IF;
        INSERT INTO vault.subject_keys (workspace_id, subject_category, subject_id, key_id, wrapped, wrapping_key_id)
        SELECT o.*, wrapped_by FROM unnest(workspaces, categories, subjects, offered_ids, offered) AS o
        ORDER BY 1, 2, 3 -- in one order, so that two never wait for each other
        ON CONFLICT (workspace_id, subject_category, subject_id) DO NOTHING;
      END IF;
      RETURN QUERY
        SELECT k.* FROM unnest(workspaces, categories, subjects) AS s (workspace_id, category, id)
        JOIN vault.subject_keys k
          ON k.workspace_id = s.workspace_id AND k.subject_category = s.category AND k.subject_id = s.id;
    END $$`,
  // Harmless when repeated. A person who never had a key gets the row of a destroyed one.
  sql`
    CREATE OR REPLACE FUNCTION vault.erase(workspaces text[], categories text[], subjects text[])
    RETURNS void LANGUAGE sql AS $$
      INSERT INTO vault.subject_keys AS k (key_id, workspace_id, subject_category, subject_id, erased_at)
      SELECT gen_random_uuid(), s.*, now() FROM (
        SELECT DISTINCT * FROM unnest(workspaces, categories, subjects)
      ) AS s ORDER BY 2, 3, 4
      ON CONFLICT (workspace_id, subject_category, subject_id)
        DO UPDATE SET wrapped = NULL, wrapping_key_id = NULL, erased_at = now() WHERE k.wrapped IS NOT NULL
    $$`,
  // The erasures that the read models show: what a vault that was restored alone has forgotten, and whether Postgres's
  // files have been cleaned up after them.
  sql`
    CREATE TABLE relata.erasures (
      workspace_id text NOT NULL,
      category text NOT NULL,
      subject_id text NOT NULL,
      position bigint NOT NULL,
      vacuumed boolean NOT NULL DEFAULT false,
      PRIMARY KEY (workspace_id, category, subject_id)
    )`,
  sql`CREATE INDEX erasures_open ON relata.erasures (position) WHERE NOT vacuumed`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db);
}
