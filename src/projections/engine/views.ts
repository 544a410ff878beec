/**
 * The stable views: `crm.<name>` shows the rows of the active build, `crm.<name>_history` every version of them, and
 * `crm.<name>_superseded` those that are not the last. Queries and analysts read these alone, so a build is replaced
 * under them by one statement.
 */
import type pg from 'pg';
import type { ReadModel } from '../readModel.ts';
import { projectionError } from './failure.ts';
import { columnsOf, endColumns, quoted, retiredOf, type SqlColumn, snake } from './sqlNames.ts';

const SCHEMA = 'crm';

type Shown = Pick<SqlColumn, 'name' | 'type'>;

/** Points the views at a build. To be called in the transaction that activates it. */
export async function switchViews(client: pg.ClientBase, model: ReadModel, schema: string): Promise<void> {
  const name = snake(model.name);
  const rows = `${quoted(schema)}.rows`;
  const history = `${quoted(schema)}.history`;
  const gone = new Map(retiredOf(model).map(({ name, type }) => [name, `NULL::${type}`]));
  await replaceView(client, name, shownColumns(model), list => `SELECT ${list(gone)} FROM ${rows}`);
  if (!model.history) return dropHistory(client, name);
  const current = new Map([
    ...gone,
    ['valid_to', `'infinity'::timestamptz(3)`],
    ['known_to', '9223372036854775807'], // the greatest bigint: no position comes after it
  ]);
  const columns = [...shownColumns(model), ...endColumns];
  await replaceView(
    client,
    `${name}_history`,
    columns,
    list => `SELECT ${list(current)} FROM ${rows} UNION ALL SELECT ${list(gone)} FROM ${history}`,
  );
  // By itself, because Postgres knows nothing of how values are spread over a union.
  await replaceView(client, `${name}_superseded`, columns, list => `SELECT ${list(gone)} FROM ${history}`);
}

/** What the views of a model show, in their order on a first start. */
export const shownColumns = (model: ReadModel): readonly SqlColumn[] => [
  ...columnsOf(model),
  ...retiredOf(model),
];

/** The columns of a view, in its order; of some the value is an expression. */
type ListWith = (values: ReadonlyMap<string, string>) => string;

export async function dropViews(client: pg.ClientBase, model: string): Promise<void> {
  await dropHistory(client, snake(model));
  await dropView(client, snake(model));
}

async function dropHistory(client: pg.ClientBase, name: string): Promise<void> {
  await dropView(client, `${name}_superseded`);
  await dropView(client, `${name}_history`);
}

/**
 * Replaced in place where the old columns are all still there (they keep their order, new ones come last), so that
 * what others have built on it stands; otherwise dropped and made anew.
 */
async function replaceView(
  client: pg.ClientBase,
  view: string,
  columns: readonly SqlColumn[],
  select: (list: ListWith) => string,
): Promise<void> {
  const before = await shownBy(client, view);
  const stays = before.every(old => columns.some(({ name, type }) => name === old.name && type === old.type));
  if (!stays) await dropView(client, view);
  const kept = stays ? before.map(({ name }) => name) : [];
  const names = [...kept, ...columns.map(({ name }) => name).filter(name => !kept.includes(name))];
  const list: ListWith = values =>
    names
      .map(name => (values.has(name) ? `${values.get(name)} AS ${quoted(name)}` : quoted(name)))
      .join(', ');
  await client.query(`CREATE OR REPLACE VIEW ${SCHEMA}.${quoted(view)} AS ${select(list)}`);
}

async function shownBy(client: pg.ClientBase, view: string): Promise<readonly Shown[]> {
  const { rows } = await client.query<Shown>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [`${SCHEMA}.${quoted(view)}`],
  );
  return rows.map(({ name, type }) => ({
    name,
    type: type.replace(' with time zone', '').replace('timestamp', 'timestamptz'),
  }));
}

async function dropView(client: pg.ClientBase, view: string): Promise<void> {
  try {
    await client.query(`DROP VIEW IF EXISTS ${SCHEMA}.${quoted(view)}`);
  } catch (error) {
    if (!isDependedOn(error)) throw error;
    throw projectionError(
      {
        code: 'VIEW_IN_USE',
        message: `The view ${SCHEMA}.${view} changes its columns, and other views are built on it (${(error as { detail?: string }).detail ?? 'see pg_depend'}); drop those, then start again.`,
      },
      error,
    );
  }
}

/** Postgres's `dependent_objects_still_exist`. */
const isDependedOn = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '2BP01';
