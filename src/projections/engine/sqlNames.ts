/** From the words of declarations to those of SQL. Whatever reads or writes read models takes its names from here. */
import type { Column, ColumnKind } from '../columns.ts';
import type { ReadModel } from '../readModel.ts';

/** `closedOn` → `closed_on`. */
export const snake = (camel: string): string => camel.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);

/** A name as it stands in a statement. Names come from declarations; anything but a plain word is a bug. */
export function quoted(name: string): string {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name)) throw new Error(`${name} can't be a name in SQL`);
  return `"${name}"`;
}

/** A column as Postgres has it. */
export type SqlColumn = {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  /** The declared column whose value, or part of it, it holds. */
  readonly of: string;
  readonly kind: ColumnKind;
  /** Money takes two columns. */
  readonly part?: 'amount' | 'currency';
};

const TYPES: Readonly<Record<ColumnKind, string>> = {
  text: 'text',
  choice: 'text',
  ref: 'uuid',
  refs: 'uuid[]',
  texts: 'text[]',
  int: 'integer',
  boolean: 'boolean',
  date: 'date',
  instant: 'timestamptz(3)',
  money: 'numeric',
  json: 'jsonb',
  position: 'bigint',
};

/** One column, or the two of money: `amount` and `amount_currency`. */
export function columnSql(of: string, { kind, nullable }: Column): readonly SqlColumn[] {
  const first: SqlColumn = { name: snake(of), type: TYPES[kind], nullable, of, kind };
  if (kind !== 'money') return [first];
  return [
    { ...first, part: 'amount' },
    { ...first, part: 'currency', name: `${first.name}_currency`, type: 'text' },
  ];
}

/** Every column of a model's rows, `workspace_id` and `id` first. */
export const columnsOf = (model: ReadModel): readonly SqlColumn[] => [
  { name: 'workspace_id', type: 'text', nullable: false, of: 'workspaceId', kind: 'text' },
  { name: 'id', type: 'uuid', nullable: false, of: 'id', kind: 'ref' },
  ...Object.entries(model.columns).flatMap(([name, column]) => columnSql(name, column)),
];

/** What its views show besides: columns that once were, and now are empty. */
export const retiredOf = (model: ReadModel): readonly SqlColumn[] =>
  Object.entries(model.retired).flatMap(([name, column]) => columnSql(name, column));

export type SearchText = { readonly column: string; readonly sql: string; readonly isColumn: boolean };

/** What people look for a row by: each searchable column as one text. @param prefix of the columns, with a dot. */
export const searchTexts = (model: ReadModel, prefix = ''): readonly SearchText[] =>
  Object.entries(model.columns).flatMap(([column, { searchable, kind }]) => {
    if (!searchable) return [];
    const name = `${prefix}${quoted(snake(column))}`;
    const isColumn = kind !== 'texts';
    return [{ column, sql: isColumn ? name : `relata.joined(${name})`, isColumn }];
  });

/** What a superseded version has besides: until when it was true, and until when it was the last known. */
export const endColumns: readonly SqlColumn[] = [
  { name: 'valid_to', type: 'timestamptz(3)', nullable: false, of: 'validTo', kind: 'instant' },
  { name: 'known_to', type: 'bigint', nullable: false, of: 'knownTo', kind: 'position' },
];

/** The schema of one build of a model. */
export const schemaName = (model: string, version: number, build: number): string =>
  `${snake(model)}_v${version}_b${build}`;

export const listOf = (columns: readonly SqlColumn[], prefix = ''): string =>
  columns.map(({ name }) => prefix + quoted(name)).join(', ');
