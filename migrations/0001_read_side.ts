/** What the projection engine must not forget: builds with their checkpoints, the lease, the log's clock. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  sql`CREATE SCHEMA IF NOT EXISTS crm`,
  // One row a build of a read model, with its checkpoint: the last event handled, by position and id. The log's clock
  // has a row too (its schema is relata), so that there is always a level group to join.
  sql`
    CREATE TABLE relata.builds (
      model text NOT NULL,
      version integer NOT NULL,
      build integer NOT NULL,
      schema_name text NOT NULL UNIQUE,
      status text NOT NULL CHECK (status IN ('building', 'active', 'retired')),
      commit_position bigint NOT NULL DEFAULT -1,
      prepare_position bigint NOT NULL DEFAULT -1,
      event_id uuid,
      owner uuid,
      fingerprint text NOT NULL,
      indexed boolean NOT NULL DEFAULT false,
      created_at timestamptz(3) NOT NULL DEFAULT now(),
      activated_at timestamptz(3),
      PRIMARY KEY (model, version, build)
    ) WITH (fillfactor = 50)`, // its rows change with every batch: they find room in their own page
  sql`CREATE UNIQUE INDEX builds_active ON relata.builds (model) WHERE status = 'active'`,
  sql`
    INSERT INTO relata.builds (model, version, build, schema_name, status, fingerprint, indexed, activated_at)
    VALUES ('logClock', 1, 1, 'relata', 'active', '', true, now())`,
  sql`
    CREATE TABLE relata.lease (
      name text PRIMARY KEY,
      owner uuid NOT NULL,
      instance text NOT NULL,
      until timestamptz(3) NOT NULL
    )`,
  sql`CREATE TABLE relata.log_clock (recorded_at timestamptz(3) PRIMARY KEY, position bigint NOT NULL)`,
  // Compare and swap: raises unless every one of the builds stood where the caller thinks, and is the caller's.
  sql`
    CREATE FUNCTION relata.move_checkpoint(
      schemas text[], expected_owner uuid, from_commit bigint, from_prepare bigint,
      to_commit bigint, to_prepare bigint, to_event uuid
    ) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE moved integer;
    BEGIN
      UPDATE relata.builds
      SET commit_position = to_commit, prepare_position = to_prepare, event_id = to_event
      WHERE schema_name = ANY (schemas) AND owner = expected_owner AND status <> 'retired'
        AND commit_position = from_commit AND prepare_position = from_prepare;
      GET DIAGNOSTICS moved = ROW_COUNT;
      IF moved <> cardinality(schemas) THEN
        RAISE EXCEPTION 'the checkpoint is elsewhere, or another owner''s' USING ERRCODE = 'RL001';
      END IF;
    END $$`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db);
}
