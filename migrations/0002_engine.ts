/** What could not be kept up to date, how far builds are, and the role of those who may read the views and nothing else. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // Parked rows and streams, each of one build of a read model. `key` is the row's id, or of a stream its record's. The event named is the first that is not in the rows; `reason`
  // says what stops it now. All of it goes with the build.
  sql`
    CREATE TABLE relata.parked (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      schema_name text NOT NULL REFERENCES relata.builds (schema_name) ON DELETE CASCADE,
      workspace_id text NOT NULL,
      scope text NOT NULL CHECK (scope IN ('row', 'stream')),
      key text NOT NULL,
      stream text NOT NULL,
      revision integer NOT NULL,
      type text NOT NULL,
      position bigint NOT NULL,
      event_id uuid NOT NULL,
      code text NOT NULL,
      reason text NOT NULL,
      behind bigint NOT NULL DEFAULT 0,
      parked_at timestamptz(3) NOT NULL DEFAULT now(),
      attempts integer NOT NULL DEFAULT 0,
      asked_at timestamptz,
      UNIQUE (schema_name, workspace_id, scope, key)
    )`,
  // A build that was asked for is shown although more is parked in it than in the one before.
  sql`ALTER TABLE relata.builds ADD COLUMN accept_parked boolean NOT NULL DEFAULT false`,
  // How many events have been folded in bulk, so that it can be told how long the rest will take.
  sql`ALTER TABLE relata.builds ADD COLUMN handled bigint NOT NULL DEFAULT 0`,
  // A group that logins are put into. Roles are the whole server's, so it may be there; who may not make one goes without.
  sql`
    DO $$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'relata_analyst') THEN
        CREATE ROLE relata_analyst NOLOGIN;
      END IF;
      GRANT USAGE ON SCHEMA crm TO relata_analyst;
      GRANT SELECT ON ALL TABLES IN SCHEMA crm TO relata_analyst;
      ALTER DEFAULT PRIVILEGES IN SCHEMA crm GRANT SELECT ON TABLES TO relata_analyst;
    EXCEPTION WHEN insufficient_privilege OR duplicate_object OR undefined_object THEN
      RAISE NOTICE 'there is no role for analysts: %', SQLERRM;
    END $$`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db);
}
