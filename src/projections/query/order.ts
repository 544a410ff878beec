/** The order of a list: any columns in either direction, rows without a value last, and the id to break ties. */
import { type RawBuilder, sql } from 'kysely';
import type { Column, ColumnKind } from '../columns.ts';
import type { ReadModel } from '../readModel.ts';
import type { Cursor } from './cursor.ts';
import { columnOf } from './models.ts';
import { fieldNameOf, snake } from './names.ts';
import type { Row } from './plan.ts';
import { invalid } from './refusal.ts';
import { sqlTypeOf } from './values.ts';

export type OrderKey = {
  readonly column: string;
  readonly kind: ColumnKind;
  readonly nullable: boolean;
  readonly direction: 'asc' | 'desc';
  /** Rows without a value come last; first when the list is walked backwards. */
  readonly nulls: 'last' | 'first';
};

/** Never empty; ends in `id`, so that no two rows are equal. */
export type Order = readonly OrderKey[];

const ORDERED: ReadonlySet<ColumnKind> = new Set([
  'text',
  'choice',
  'ref',
  'int',
  'boolean',
  'date',
  'instant',
  'money',
  'position',
]);
const MAX_KEYS = 5;

export const isOrderable = (column: Column): boolean => ORDERED.has(column.kind);

export function orderOf(
  model: ReadModel,
  wished: readonly { readonly column: string; readonly direction: 'asc' | 'desc' }[],
): Order {
  if (wished.length > MAX_KEYS) throw invalid('orderBy', `takes at most ${MAX_KEYS} fields`);
  const keys = wished.map(({ column, direction }): OrderKey => {
    const { kind, nullable } = columnOf(model, column) ?? missing(model, column);
    return { column, kind, nullable, direction, nulls: 'last' };
  });
  const twice = keys.find((key, i) => keys.findIndex(other => other.column === key.column) !== i);
  if (twice) throw invalid('orderBy', `names ${fieldNameOf(twice.column)} twice`);
  const end = keys.findIndex(key => key.column === 'id');
  if (end >= 0) return keys.slice(0, end + 1);
  const direction = keys.at(-1)?.direction ?? 'asc';
  return [...keys, { column: 'id', kind: 'ref', nullable: false, direction, nulls: 'last' }];
}

export const reversed = (order: Order): Order =>
  order.map(key => ({
    ...key,
    direction: key.direction === 'asc' ? 'desc' : 'asc',
    nulls: key.nulls === 'last' ? 'first' : 'last',
  }));

export const orderSql = (order: Order, alias = 't0'): RawBuilder<unknown> =>
  sql.raw(
    order
      .map(
        key => `${alias}.${snake(key.column)} ${key.direction}${key.nullable ? ` nulls ${key.nulls}` : ''}`,
      )
      .join(', '),
  );

/** What a cursor remembers of the row. */
export const orderValue = (row: Row, { column, kind }: OrderKey): unknown => {
  const value = row[column];
  if (value === null || value === undefined) return null;
  if (kind === 'money') return (value as { amount: string }).amount;
  return kind === 'position' ? `${value}` : value;
};

/** The rows that come after the cursor's. */
export function beyond(order: Order, cursor: Cursor, alias = 't0'): RawBuilder<unknown> {
  if (order.every(key => !key.nullable && key.direction === order[0]?.direction))
    return asTuple(order, cursor, alias);
  // (k1 after v1) or (k1 = v1 and ((k2 after v2) or (k2 = v2 and …)))
  let condition: RawBuilder<unknown> | undefined;
  for (let i = order.length - 1; i >= 0; i--) {
    const key = order[i] as OrderKey; // i is within bounds
    const column = sql.raw(`${alias}.${snake(key.column)}`);
    const after = keyAfter(key, column, cursor[i]);
    condition = condition
      ? sql`(${after} or (${keyEquals(key, column, cursor[i])} and ${condition}))`
      : after;
  }
  return condition ?? sql`true`;
}

/** Where no value is missing and all go one way, Postgres can begin in the index right at the cursor. */
function asTuple(order: Order, cursor: Cursor, alias: string): RawBuilder<unknown> {
  const keys = sql.raw(order.map(key => `${alias}.${snake(key.column)}`).join(', '));
  const values = sql.join(order.map((key, i) => typed(key, cursor[i])));
  const operator = sql.raw(order[0]?.direction === 'asc' ? '>' : '<');
  return sql`(${keys}) ${operator} (${values})`;
}

function keyAfter(key: OrderKey, column: RawBuilder<unknown>, value: unknown): RawBuilder<unknown> {
  if (value === null) return key.nulls === 'last' ? sql`false` : sql`${column} is not null`;
  const operator = sql.raw(key.direction === 'asc' ? '>' : '<');
  const further = sql`${column} ${operator} ${typed(key, value)}`;
  return key.nullable && key.nulls === 'last' ? sql`(${further} or ${column} is null)` : further;
}

const keyEquals = (key: OrderKey, column: RawBuilder<unknown>, value: unknown): RawBuilder<unknown> =>
  value === null ? sql`${column} is null` : sql`${column} = ${typed(key, value)}`;

const typed = ({ kind }: OrderKey, value: unknown): RawBuilder<unknown> =>
  sql`${value}::${sql.raw(sqlTypeOf(kind))}`;

function missing(model: ReadModel, column: string): never {
  throw new Error(`${model.name} has no column ${column}`);
}
