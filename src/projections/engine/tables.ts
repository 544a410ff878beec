/** The tables of one build: `rows`, and with history `history`; and the fingerprint by which a change is noticed. */
import { createHash } from 'node:crypto';
import { isPersonalColumn } from '../columns.ts';
import type { ReadModel } from '../readModel.ts';
import { columnsOf, endColumns, quoted, type SqlColumn, snake } from './sqlNames.ts';

/** The statements that make a build's schema, without the indexes that only readers need. */
export function createTables(model: ReadModel, schema: string): readonly string[] {
  const columns = columnsOf(model);
  const rows = `CREATE TABLE ${quoted(schema)}.rows (${definitions(columns)}, PRIMARY KEY (workspace_id, id))`;
  const history = `CREATE TABLE ${quoted(schema)}.history (${definitions([...columns, ...endColumns])})`;
  const tables = model.history ? ['rows', 'history'] : ['rows'];
  const personal = columns.filter(({ of }) => {
    const column = model.columns[of];
    return column !== undefined && isPersonalColumn(column);
  });
  return [
    `CREATE SCHEMA ${quoted(schema)}`,
    rows,
    ...(model.history ? [history] : []),
    // Postgres would keep samples of the values in its own tables, where no erasure finds them.
    ...tables.flatMap(table =>
      personal.map(
        ({ name }) => `ALTER TABLE ${quoted(schema)}.${table} ALTER COLUMN ${quoted(name)} SET STATISTICS 0`,
      ),
    ),
  ];
}

/** Tells Postgres what is in a build's tables; by itself it gets round to that after a minute, and plans in the dark until then. */
export const analyse = (model: ReadModel, schema: string): string =>
  `ANALYZE ${quoted(schema)}.rows${model.history ? `, ${quoted(schema)}.history` : ''}`;

/**
 * The indexes that readers need. They are made once a build has caught up: an index built over whole tables costs a
 * fraction of what it costs row by row.
 */
export function createIndexes(model: ReadModel, schema: string): readonly string[] {
  const on = (table: string, columns: string, using = '') =>
    `CREATE INDEX ON ${quoted(schema)}.${table} ${using} (${columns})`;
  const declared = model.indexes.map(names => {
    const columns = names.flatMap(name => columnsOf(model).filter(column => column.of === name));
    const list = columns.map(column => quoted(column.name)).join(', ');
    const isList = columns.some(({ kind }) => kind === 'texts' || kind === 'refs');
    return isList ? on('rows', list, 'USING gin') : on('rows', `workspace_id, ${list}`);
  });
  return model.history ? [...declared, ...historyIndexes.map(columns => on('history', columns))] : declared;
}

const historyIndexes = [
  // The versions of one record: its page as of a day, its story.
  'workspace_id, id, known_from',
];

/** Changes with whatever decides the tables' shape. A build with another one can't be written by this declaration. */
export function fingerprintOf(model: ReadModel): string {
  const columns = columnsOf(model).map(({ name, type, nullable }) => [name, type, nullable]);
  const shape = [columns, model.indexes.map(index => index.map(snake)), model.history, model.appendOnly];
  return createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 16);
}

const definitions = (columns: readonly SqlColumn[]): string =>
  columns
    .map(({ name, type, nullable }) => `${quoted(name)} ${type}${nullable ? '' : ' NOT NULL'}`)
    .join(', ');
