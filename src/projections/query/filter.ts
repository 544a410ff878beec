/** Typed filters: for each column the operators that its kind has, put together by `and`, `or` and `not`. */
import { type RawBuilder, sql } from 'kysely';
import type { Column, ColumnKind } from '../columns.ts';
import type { ReadModel } from '../readModel.ts';
import { columnOf } from './models.ts';
import { fieldNameOf, snake } from './names.ts';
import { invalid } from './refusal.ts';
import { instantFrom, isValueOf, sqlTypeOf } from './values.ts';

/** `{ status: { eq: 'open' }, or: [{ amount: { gte: … } }, …] }`; what is named side by side must all hold. */
export type Filter = { readonly [columnOrLogic: string]: unknown };

export type Operator = 'eq' | 'in' | 'gt' | 'gte' | 'lt' | 'lte' | 'contains' | 'isNull';

const COMPARED = ['eq', 'in', 'gt', 'gte', 'lt', 'lte', 'isNull'] as const;

/** What each kind of column can be asked. A list `contains` one value, or has one `in` several. */
export const OPERATORS: Record<ColumnKind, readonly Operator[]> = {
  text: ['eq', 'in', 'contains', 'isNull'],
  choice: ['eq', 'in', 'isNull'],
  ref: ['eq', 'in', 'isNull'],
  refs: ['contains', 'in', 'isNull'],
  texts: ['contains', 'in', 'isNull'],
  int: COMPARED,
  boolean: ['eq', 'isNull'],
  date: COMPARED,
  instant: COMPARED,
  money: ['eq', 'gt', 'gte', 'lt', 'lte', 'isNull'],
  json: [],
  position: COMPARED,
};

const MAX_CONDITIONS = 100;
const MAX_DEPTH = 6;
const MAX_VALUES = 500;

/** The condition on `t0`, or nothing when the filter is empty. @throws QueryRefusal naming the path that is wrong. */
export function filterOf(model: ReadModel, filter: Filter): RawBuilder<unknown> | undefined {
  let conditions = 0;

  const all = (part: Filter, path: string, depth: number): RawBuilder<unknown> | undefined => {
    if (depth > MAX_DEPTH) throw invalid(path, `a filter goes at most ${MAX_DEPTH} levels deep`);
    const parts = Object.entries(part)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => one(name, value, `${path}.${fieldNameOf(name)}`, depth));
    return joined(parts, 'and');
  };

  const one = (
    name: string,
    value: unknown,
    path: string,
    depth: number,
  ): RawBuilder<unknown> | undefined => {
    if (value === null) throw invalid(path, 'must not be null; leave it out, or ask isNull');
    if (name === 'not') {
      const inner = all(value as Filter, path, depth + 1);
      // A condition on a missing value is neither true nor false: what isn't true is what `not` asks for.
      return inner ? sql`(${inner}) is not true` : sql`false`;
    }
    if (name === 'and' || name === 'or') {
      const parts = (value as readonly Filter[]).map((part, i) => all(part, `${path}.${i}`, depth + 1));
      // An empty filter holds always, its opposite never. Of no alternatives none holds.
      if (name === 'or' && parts.some(part => part === undefined)) return undefined;
      return name === 'or' && parts.length === 0 ? sql`false` : joined(parts, name);
    }
    const column = columnOf(model, name);
    if (!column) throw invalid(path, 'is not a field to filter by');
    const asked = Object.entries(value as object).filter(([, operand]) => operand !== undefined);
    conditions += asked.length;
    if (conditions > MAX_CONDITIONS) throw invalid('filter', `takes at most ${MAX_CONDITIONS} conditions`);
    return joined(
      asked.map(([operator, operand]) =>
        conditionOf(name, column, operator as Operator, operand, `${path}.${operator}`),
      ),
      'and',
    );
  };

  return all(filter, 'filter', 1);
}

function joined(parts: readonly (RawBuilder<unknown> | undefined)[], by: 'and' | 'or') {
  const given = parts.filter(part => part !== undefined);
  if (given.length < 2) return given[0];
  return sql`(${sql.join(given, by === 'and' ? sql` and ` : sql` or `)})`;
}

const SYMBOLS: Partial<Record<Operator, string>> = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' };

function conditionOf(
  name: string,
  column: Column,
  operator: Operator,
  operand: unknown,
  path: string,
): RawBuilder<unknown> {
  if (!OPERATORS[column.kind].includes(operator)) throw invalid(path, 'is not an operator of this field');
  if (operand === null) throw invalid(path, 'must not be null; leave it out, or ask isNull');
  const target = sql.raw(`t0.${snake(name)}`);
  const isList = column.kind === 'texts' || column.kind === 'refs';
  if (operator === 'isNull') {
    if (isList) return sql`(coalesce(${target}, '{}') = '{}') = ${operand}::boolean`;
    return operand ? sql`${target} is null` : sql`${target} is not null`;
  }
  if (operator === 'in') {
    const values = operand as readonly unknown[];
    if (values.length > MAX_VALUES) throw invalid(path, `takes at most ${MAX_VALUES} values`);
    const list = values.map((value, i) => checked(column, value, `${path}.${i}`));
    const array = sql`${list}::${sql.raw(`${sqlTypeOf(column.kind)}[]`)}`;
    return isList ? sql`${target} && ${array}` : sql`${target} = any(${array})`;
  }
  if (operator === 'contains')
    return isList
      ? sql`${target} @> ${[checked(column, operand, path)]}::${sql.raw(`${sqlTypeOf(column.kind)}[]`)}`
      : sql`${target} ilike ${`%${literally(checked(column, operand, path))}%`}`;
  const symbol = sql.raw(SYMBOLS[operator] ?? '=');
  if (column.kind === 'money') {
    const { amount, currency } = operand as { amount: unknown; currency: unknown };
    const currencyColumn = sql.raw(`t0.${snake(name)}_currency`);
    return sql`(${target} ${symbol} ${checked(column, amount, `${path}.amount`)}::numeric and ${currencyColumn} = ${checked({ kind: 'text' }, currency, `${path}.currency`)})`;
  }
  return sql`${target} ${symbol} ${checked(column, operand, path)}::${sql.raw(sqlTypeOf(column.kind))}`;
}

const EXPECTED: Partial<Record<ColumnKind, string>> = {
  ref: 'must be an id',
  refs: 'must be an id',
  date: 'must be a day such as 2017-03-31',
  instant: 'must be an instant such as 2017-03-31T12:00:00Z',
  money: 'must be a decimal such as "12500.50"',
  int: 'must be a whole number',
  position: "must be a position, such as a command's answer gives",
};

function checked({ kind }: Pick<Column, 'kind'>, value: unknown, path: string): unknown {
  if (!isValueOf(kind, value)) throw invalid(path, EXPECTED[kind] ?? 'must be text without U+0000');
  return kind === 'instant' ? instantFrom(value) : value;
}

/** Without the wildcards of `like`. */
export const literally = (text: unknown) => String(text).replace(/[\\%_]/g, sign => `\\${sign}`);
