/** What queries of past days and search need: superseded versions as views of their own, texts of lists, trigrams. */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // For builds that an earlier Relata has made; later ones get it when they are shown.
  sql`
    DO $$ DECLARE build record;
    BEGIN
      FOR build IN
        SELECT schema_name, regexp_replace(schema_name, '_v[0-9]+_b[0-9]+$', '') AS name
        FROM relata.builds WHERE status = 'active' AND to_regclass(schema_name || '.history') IS NOT NULL
      LOOP
        EXECUTE format('CREATE OR REPLACE VIEW crm.%I AS SELECT * FROM %I.history',
          build.name || '_superseded', build.schema_name);
      END LOOP;
    END $$`,
  // array_to_string is not immutable for every type, which an index would want; for texts it is.
  sql`
    CREATE OR REPLACE FUNCTION relata.joined(texts text[]) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ BEGIN RETURN array_to_string(texts, ' '); END $$`,
  // Elsewhere the role may not be allowed to, or the extension is not installed: then search does without its index.
  sql`
    DO $$ BEGIN
      CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA relata;
    EXCEPTION WHEN OTHERS THEN
      RAISE NOTICE 'search has no index: %', SQLERRM;
    END $$`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db);
}
