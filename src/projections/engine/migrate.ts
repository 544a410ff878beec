/** Brings the durable tables to this version's state. Read models are no part of it: they are built from the log. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Kysely, PostgresDialect } from 'kysely';
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration';
import type pg from 'pg';
import { projectionError } from './failure.ts';

const FOLDER = fileURLToPath(new URL('../../../migrations/', import.meta.url));
const SCHEMA = 'relata';
const TABLE = 'migrations';

/**
 * Runs what is missing, in one transaction and under an advisory lock: several processes may start at once.
 * @throws a failure that says what to do when a newer Relata has migrated this database.
 */
export async function migrate(pool: pg.Pool): Promise<void> {
  const ours = await migrationNames();
  const unknown = (await applied(pool)).filter(name => !ours.includes(name));
  if (unknown.length > 0)
    throw projectionError({
      code: 'NEWER_DATABASE',
      message: `This database was migrated by a newer Relata (${unknown.join(', ')}); start that version or a later one.`,
    });
  // Not destroyed afterwards: that would end the pool, which is the caller's.
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  const migrator = new Migrator({
    db,
    provider,
    migrationTableSchema: SCHEMA,
    migrationTableName: TABLE,
    migrationLockTableName: 'migrations_lock',
  });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}

const migrationNames = async (): Promise<readonly string[]> =>
  (await readdir(FOLDER))
    .filter(file => file.endsWith('.ts'))
    .map(file => file.slice(0, -'.ts'.length))
    .sort();

const provider: MigrationProvider = {
  getMigrations: async () => {
    const names = await migrationNames();
    const load = async (name: string): Promise<Migration> =>
      import(pathToFileURL(join(FOLDER, `${name}.ts`)).href);
    return Object.fromEntries(await Promise.all(names.map(async name => [name, await load(name)] as const)));
  },
};

async function applied(pool: pg.Pool): Promise<readonly string[]> {
  const found = await pool.query<{ there: boolean }>(
    `SELECT to_regclass('${SCHEMA}.${TABLE}') IS NOT NULL AS there`,
  );
  if (!found.rows[0]?.there) return [];
  const { rows } = await pool.query<{ name: string }>(`SELECT name FROM ${SCHEMA}.${TABLE}`);
  return rows.map(({ name }) => name);
}
