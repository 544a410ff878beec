/** A Postgres with the stable views of the read models, as the engine promises them, over tables filled by hand. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import {
  columnsOf,
  endColumns,
  listOf,
  quoted,
  type SqlColumn,
  snake,
} from '../../../src/projections/engine/sqlNames.ts';
import type { ReadModel } from '../../../src/projections/readModel.ts';
import { startEmbeddedPostgres } from '../../../src/runtime/postgres.ts';

const silent = { info: () => undefined, warn: () => undefined };

export type Database = {
  readonly url: string;
  readonly admin: pg.Client;
  /** The row as it now is; values by the declared columns' names, and nothing where they are left out. */
  readonly put: (model: ReadModel, row: Values) => Promise<void>;
  /** A version that has been superseded: with `validTo` and `knownTo`. */
  readonly putPast: (model: ReadModel, row: Values) => Promise<void>;
  readonly close: () => Promise<void>;
};

export type Values = Readonly<Record<string, unknown>>;

export async function startDatabase(models: readonly ReadModel[]): Promise<Database> {
  const dir = await mkdtemp(join(tmpdir(), 'relata-api-'));
  const postgres = await startEmbeddedPostgres({ dir, logger: silent });
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  await admin.query('create schema crm');
  await admin.query('create schema relata');
  await admin.query(
    'create table relata.log_clock (position bigint primary key, recorded_at timestamptz(3) not null)',
  );
  await admin.query('create table relata.builds (model text, status text, commit_position bigint)');
  await admin.query(`insert into relata.builds values ('all', 'active', 1000)`);
  for (const model of models) await admin.query(ddl(model));
  return {
    url: postgres.url,
    admin,
    put: (model, row) =>
      insert(admin, `${snake(model.name)}_rows`, columnsOf(model), withDefaults(model, row)),
    putPast: (model, row) =>
      insert(
        admin,
        `${snake(model.name)}_past`,
        [...columnsOf(model), ...endColumns],
        withDefaults(model, row),
      ),
    close: async () => {
      await admin.end();
      await postgres.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function ddl(model: ReadModel): string {
  const name = snake(model.name);
  const define = (columns: readonly SqlColumn[]) =>
    columns.map(column => `${quoted(column.name)} ${column.type}`).join(', ');
  const columns = columnsOf(model);
  const list = listOf(columns);
  const ends = `'infinity'::timestamptz(3) as valid_to, 9223372036854775807 as known_to`;
  const history = `create table ${name}_past (${define([...columns, ...endColumns])});
    create view crm.${name}_history as select ${list}, ${ends} from ${name}_rows
      union all select ${list}, valid_to, known_to from ${name}_past;`;
  return `create table ${name}_rows (${define(columns)}, primary key (workspace_id, id));
    create view crm.${name} as select ${list} from ${name}_rows; ${model.history ? history : ''}`;
}

const withDefaults = (model: ReadModel, row: Values): Values => ({
  workspaceId: 'default',
  revision: 0,
  validFrom: '2017-01-01T00:00:00.000Z',
  knownFrom: 1n,
  ...(model.of && { createdAt: row.validFrom ?? '2017-01-01T00:00:00.000Z', tags: [], archived: false }),
  ...Object.fromEntries(
    Object.entries(model.columns).flatMap(([name, { kind }]) =>
      kind === 'refs' || kind === 'texts' ? [[name, []]] : [],
    ),
  ),
  ...row,
});

async function insert(
  admin: pg.Client,
  table: string,
  columns: readonly SqlColumn[],
  row: Values,
): Promise<void> {
  const values = columns.map(({ of, kind, part }) => {
    const value = row[of] ?? null;
    if (part) return (value as { amount: string; currency: string } | null)?.[part] ?? null;
    return kind === 'json' && value !== null
      ? JSON.stringify(value)
      : typeof value === 'bigint'
        ? `${value}`
        : value;
  });
  const places = columns.map((column, i) => `$${i + 1}::${column.type}`).join(', ');
  await admin.query(`insert into ${table} (${listOf(columns)}) values (${places})`, values);
}
