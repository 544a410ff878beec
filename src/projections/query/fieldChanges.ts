/** What differs between two versions of a record, field by field. */
import { isDeepStrictEqual } from 'node:util';
import type { Column } from '../columns.ts';
import { type ReadModel, type Row, systemColumns } from '../readModel.ts';
import { fieldNameOf } from './names.ts';
import { sqlColumns } from './plan.ts';
import { invalid } from './refusal.ts';
import type { Values } from './session.ts';

export type FieldChange = {
  /** As the API calls it. */
  readonly field: string;
  readonly column: Column;
  /** As a filter would write it; null where it had, or has, no value. */
  readonly from: unknown;
  readonly to: unknown;
};

/** What a record says of itself: all columns but those that the engine writes. */
export const comparedColumns = (model: ReadModel): readonly string[] =>
  Object.keys(model.columns).filter(name => !(name in systemColumns));

/** The columns of fields. @throws QueryRefusal for a name that is none. */
export function columnsNamed(model: ReadModel, fields: readonly string[]): readonly string[] {
  const known = new Map(comparedColumns(model).map(name => [fieldNameOf(name), name]));
  return fields.map(
    (field, i) => known.get(field) ?? unknownField(`fields.${i}`, [...known.keys()].sort().join(', ')),
  );
}

const unknownField = (path: string, known: string): never => {
  throw invalid(path, `must be one of ${known}`);
};

/** A version that isn't there has no values. */
export function fieldChanges(
  model: ReadModel,
  columns: readonly string[],
  before: Row | undefined,
  after: Row | undefined,
): readonly FieldChange[] {
  return columns.flatMap(name => {
    const column = model.columns[name] as Column; // by `comparedColumns`
    const [from, to] = [plain(before?.[name]), plain(after?.[name])];
    return isDeepStrictEqual(from, to) ? [] : [{ field: fieldNameOf(name), column, from, to }];
  });
}

/** A list of nothing is no value. */
const plain = (value: unknown): unknown =>
  value === undefined || (Array.isArray(value) && value.length === 0) ? null : value;

/** The SQL columns that hold these, without alias. */
export const sqlColumnsOf = (model: ReadModel, columns: readonly string[]): readonly string[] =>
  columns.flatMap(name => sqlColumns(name, model.columns[name] as Column)); // by `comparedColumns`

/** Values in the order of `sqlColumnsOf`, as a row. */
export function rowFrom(model: ReadModel, columns: readonly string[], values: Values): Row {
  const row: Record<string, unknown> = {};
  let at = 0;
  for (const name of columns) {
    const value = values[at++];
    const isMoney = model.columns[name]?.kind === 'money';
    const currency = isMoney ? values[at++] : undefined;
    row[name] = isMoney && value !== null ? { amount: value, currency } : value;
  }
  return row;
}

/** The condition that one of the columns differs between `a.` and `b.`, two prefixes. */
export const anyDiffers = (model: ReadModel, columns: readonly string[], a: string, b: string): string =>
  columns
    .flatMap(name => {
      const { kind } = model.columns[name] as Column; // by `comparedColumns`
      const isList = kind === 'refs' || kind === 'texts';
      const value = (column: string) => (isList ? `coalesce(${column}, '{}')` : column);
      return sqlColumnsOf(model, [name]).map(
        part => `${value(a + part)} is distinct from ${value(b + part)}`,
      );
    })
    .join(' or ');
