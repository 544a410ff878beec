/** The statements of one build: each takes any number of rows, as one array a column, and is prepared once. */
import type { ReadModel } from '../readModel.ts';
import { arrayOf, type Keyed, paramOf } from './encode.ts';
import type { End, RowKey } from './fold.ts';
import type { Statement } from './implicitTransaction.ts';
import { columnsOf, endColumns, listOf, quoted, type SqlColumn } from './sqlNames.ts';

/** A prepared statement and how its parameters are made of items. */
export type Bulk<T> = {
  readonly name: string;
  readonly text: string;
  readonly values: (items: readonly T[]) => string[];
};

export const statementOf = <T>({ name, text, values }: Bulk<T>, items: readonly T[]): Statement => ({
  name,
  text,
  values: values(items),
});

export type Ended = RowKey & End;

export type Statements = {
  readonly columns: readonly SqlColumn[];
  /** The rows of keys, in the order of `columns`. */
  readonly load: Bulk<RowKey>;
  /** Rows that are not there yet. */
  readonly insert: Bulk<Keyed>;
  /** Rows that are there. (Cheaper than ON CONFLICT, which locks each row before it is updated.) */
  readonly replace: Bulk<Keyed>;
  readonly remove: Bulk<RowKey>;
  /** Copies stored versions, as they are, into the history. Postgres has them: they needn't be sent again. */
  readonly supersede: Bulk<Ended>;
  /** Versions that never were in `rows`. */
  readonly pass: Bulk<Keyed>;
  /** Takes every version of these rows out of the history, where there is one. */
  readonly erase: Bulk<RowKey>;
};

export function statementsOf(model: ReadModel, schema: string): Statements {
  const columns = columnsOf(model);
  const rows = `${quoted(schema)}.rows`;
  const history = `${quoted(schema)}.history`;
  const list = listOf(columns);
  const changes = columns
    .filter(({ name }) => name !== 'workspace_id' && name !== 'id')
    .map(column => `${quoted(column.name)} = ${elementOf(column)}`)
    .join(', ');
  const keys = `unnest($1::text[], $2::uuid[]) AS k (workspace_id, id)`;
  const ends = `unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::bigint[]) AS k (workspace_id, id, valid_to, known_to)`;
  const onKey = (alias: string) => `${alias}.workspace_id = k.workspace_id AND ${alias}.id = k.id`;
  const bulk = <T>(kind: string, text: string, reads: readonly ((item: T) => unknown)[]): Bulk<T> => ({
    name: `${schema}.${kind}`,
    text,
    values: items => reads.map(read => arrayOf(items, read)),
  });
  const into = (kind: string, table: string, to: readonly SqlColumn[]): Bulk<Keyed> => {
    const select = `SELECT ${to.map(elementOf).join(', ')} FROM ${valuesOf(to)}`;
    return bulk(kind, `INSERT INTO ${table} (${listOf(to)}) ${select}`, reads(to));
  };
  const key = [(k: RowKey) => k.workspaceId, (k: RowKey) => k.id];

  return {
    columns,
    load: bulk('load', `SELECT ${listOf(columns, 'r.')} FROM ${keys} JOIN ${rows} r ON ${onKey('r')}`, key),
    insert: into('insert', rows, columns),
    replace: bulk(
      'replace',
      `UPDATE ${rows} r SET ${changes} FROM ${valuesOf(columns)} WHERE ${onKey('r')}`,
      reads(columns),
    ),
    remove: bulk('remove', `DELETE FROM ${rows} r USING ${keys} WHERE ${onKey('r')}`, key),
    supersede: bulk(
      'supersede',
      `INSERT INTO ${history} (${list}, valid_to, known_to)
       SELECT ${listOf(columns, 'r.')}, k.valid_to, k.known_to FROM ${ends} JOIN ${rows} r ON ${onKey('r')}`,
      [...key, (k: Ended) => k.validTo, (k: Ended) => k.knownTo],
    ),
    pass: into('pass', history, [...columns, ...endColumns]),
    erase: bulk('erase', `DELETE FROM ${history} r USING ${keys} WHERE ${onKey('r')}`, key),
  };
}

/** Items as a table `k`, one array a column. */
function valuesOf(columns: readonly SqlColumn[]): string {
  const arrays = columns.map((column, i) => `$${i + 1}::${paramOf(column).type}[]`).join(', ');
  return `unnest(${arrays}) AS k (${listOf(columns)})`;
}

function elementOf(column: SqlColumn): string {
  const { cast } = paramOf(column);
  return `k.${quoted(column.name)}${cast ? `::${cast}` : ''}`;
}

const reads = (columns: readonly SqlColumn[]) => columns.map(column => paramOf(column).read);
