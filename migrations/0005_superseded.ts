/** Superseded versions as views of their own, for builds that an earlier Relata has made. Later ones get them when they are shown. */
import { type Kysely, sql } from 'kysely';

export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    DO $$ DECLARE build record;
    BEGIN
      FOR build IN
        SELECT schema_name, regexp_replace(schema_name, '_v[0-9]+_b[0-9]+$', '') AS name
        FROM relata.builds WHERE status = 'active' AND to_regclass(schema_name || '.history') IS NOT NULL
      LOOP
        EXECUTE format('CREATE OR REPLACE VIEW crm.%I AS SELECT * FROM %I.history',
          build.name || '_superseded', build.schema_name);
      END LOOP;
    END $$`.execute(db);
};
