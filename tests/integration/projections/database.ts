/** A Postgres for one test file, with a database that is made anew for each test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../../src/projections/engine/migrate.ts';
import { startEmbeddedPostgres } from '../../../src/runtime/postgres.ts';

export type TestPostgres = {
  readonly url: string;
  readonly pool: pg.Pool;
  /** Empty again, and migrated. */
  readonly reset: () => Promise<void>;
  readonly close: () => Promise<void>;
};

const silent = { info: () => undefined, warn: () => undefined };

export async function startTestPostgres(): Promise<TestPostgres> {
  const dir = await mkdtemp(join(tmpdir(), 'relata-projections-'));
  const postgres = await startEmbeddedPostgres({ dir, logger: silent });
  const pool = new pg.Pool({ connectionString: postgres.url });
  pool.on('error', () => undefined);
  return {
    url: postgres.url,
    pool,
    reset: async () => {
      await pool.query(`DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT nspname FROM pg_namespace WHERE nspname IN ('crm', 'relata', 'vault') OR nspname ~ '_v[0-9]+_b[0-9]+$'
        LOOP EXECUTE format('DROP SCHEMA %I CASCADE', name); END LOOP; END $$`);
      await migrate(pool);
    },
    close: async () => {
      await pool.end();
      await postgres.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
