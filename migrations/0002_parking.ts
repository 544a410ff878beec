/** What an event could not be folded or written into: parked rows and streams, each of one build of a read model. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // `key` is the row's id, or of a stream its record's. The event named is the first that is not in the rows; `reason`
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
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db);
}
