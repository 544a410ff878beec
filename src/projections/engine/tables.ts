/** The tables of one build: `rows`, and with history `history`; and the fingerprint by which a change is noticed. */
import { createHash } from 'node:crypto';
import { type Column, isPersonalColumn } from '../columns.ts';
import type { ReadModel } from '../readModel.ts';
import { columnsOf, endColumns, quoted, type SqlColumn, searchTexts, snake } from './sqlNames.ts';

/** The statements that make a build's schema, without the indexes that only readers need. */
export function createTables(model: ReadModel, schema: string): readonly string[] {
  const columns = columnsOf(model);
  // Facts are never looked for while they are written: their key is made along with the indexes.
  const key = model.appendOnly ? '' : `, ${KEY}`;
  const rows = `CREATE TABLE ${quoted(schema)}.rows (${definitions(columns)}${key})`;
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

/** An index by its name, which says what it is on. */
export type Index = { readonly name: string; readonly create: string };

/**
 * The indexes that readers need. They are made once a build has caught up: an index built over whole tables costs a
 * fraction of what it costs row by row. No version goes up for them: those that a build lacks are made, also when it
 * was built by an earlier Relata.
 * @param trigrams the schema where the extension pg_trgm is, if there is one: without it, search reads whole tables.
 */
export function indexesOf(model: ReadModel, schema: string, trigrams?: string): readonly Index[] {
  const on = (table: string, columns: readonly string[], isList = false): Index => {
    const name = `${[table, ...columns].join('_').slice(0, 59)}_idx`; // as Postgres names them itself
    const list = columns.map(quoted).join(', ');
    const create = `CREATE INDEX ${quoted(name)} ON ${quoted(schema)}.${table} ${isList ? 'USING gin ' : ''}(${list})`;
    return { name, create };
  };
  const declared = model.indexes.map(names => {
    const columns = names.flatMap(name => columnsOf(model).filter(column => column.of === name));
    const isList = columns.some(({ kind }) => kind === 'texts' || kind === 'refs');
    const key = columns.map(({ name }) => name);
    return { key: isList ? key : ['workspace_id', ...key], isList, isReference: isReference(columns) };
  });
  const current = [
    ...(model.appendOnly ? [primaryKey(schema)] : []),
    ...declared.map(({ key, isList }) => on('rows', key, isList)),
    ...searchIndex(model, schema, trigrams),
  ];
  if (!model.history) return current;
  const pointing = declared.filter(({ isReference }) => isReference);
  return [
    ...current,
    ...historyIndexes.map(columns => on('history', columns)),
    ...pointing.map(({ key, isList }) => on('history', key, isList)),
  ];
}

const KEY = 'PRIMARY KEY (workspace_id, id)';

/** Builds of earlier versions have had it from the beginning. */
const primaryKey = (schema: string): Index => ({
  name: 'rows_pkey', // as Postgres names it
  create: `ALTER TABLE ${quoted(schema)}.rows ADD ${KEY}`,
});

function searchIndex(model: ReadModel, schema: string, trigrams: string | undefined): readonly Index[] {
  const texts = searchTexts(model);
  if (trigrams === undefined || texts.length === 0) return [];
  const list = texts.map(({ sql }) => `(${sql}) ${quoted(trigrams)}.gin_trgm_ops`).join(', ');
  const name = 'rows_search_idx';
  // Of what an index is on Postgres keeps samples as well, where that is no column of the table.
  const sampled = texts.flatMap(({ column, isColumn }, i) =>
    !isColumn && isPersonalColumn(model.columns[column] as Column) ? [i + 1] : [],
  );
  const statements = [
    `CREATE INDEX ${name} ON ${quoted(schema)}.rows USING gin (${list})`,
    ...sampled.map(n => `ALTER INDEX ${quoted(schema)}.${name} ALTER COLUMN ${n} SET STATISTICS 0`),
  ];
  return [{ name, create: statements.join('; ') }];
}

/** Versions end in the order of the log, so an index that begins with an end grows at its edge, and costs little. */
const historyIndexes = [
  // The versions of one record: its page as of a day, its story.
  ['workspace_id', 'id', 'known_from'],
  // What was true at an instant. The known ends spare a look at the rows where both clocks are asked.
  ['workspace_id', 'valid_to', 'valid_from', 'known_to', 'known_from'],
  // What was the last known at a position.
  ['workspace_id', 'known_to', 'known_from'],
];

/** One reference alone: the list of what points to a record is asked for as of any day too. */
const isReference = ([first, second]: readonly SqlColumn[]): boolean =>
  second === undefined && (first?.kind === 'ref' || first?.kind === 'refs');

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
