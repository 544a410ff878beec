/** Filter and order inputs, derived from the columns. */
import type { InputRef } from '@pothos/core';
import type { Column } from '../../projections/columns.ts';
import { type Filter, OPERATORS, type Operator } from '../../projections/query/filter.ts';
import { fieldNameOf } from '../../projections/query/names.ts';
import { isOrderable, type Order, orderOf } from '../../projections/query/order.ts';
import type { Builder } from './builder.ts';
import type { Entity } from './entities.ts';
import type { InputType, ScalarName, SharedTypes } from './types.ts';

export type ListInputs = { readonly filter: InputRef<unknown>; readonly orderBy: InputRef<unknown> };

/** Input types are made when an entity is first listed, and shared by all its lists. */
export function createListInputs(builder: Builder, types: SharedTypes): (entity: Entity) => ListInputs {
  const known = new Map<Entity, ListInputs>();
  const operators = createOperatorInputs(builder, types);
  builder.enumType('OrderDirection', { values: ['ASC', 'DESC'] as const });
  return entity => {
    const found = known.get(entity);
    if (found) return found;
    const made = {
      filter: filterInput(builder, operators, entity),
      orderBy: orderInput(builder, types, entity),
    };
    known.set(entity, made);
    return made;
  };
}

/** Columns by the names of their fields, `id` among them. */
function columnsOf({ model }: Entity): [string, Column][] {
  const columns = Object.entries(model.columns).map(([name, column]): [string, Column] => [
    fieldNameOf(name),
    column,
  ]);
  return [['id', { kind: 'ref', nullable: false, personal: false }], ...columns];
}

type OperatorInputs = (column: Column) => InputRef<unknown> | undefined;

function filterInput(builder: Builder, operators: OperatorInputs, entity: Entity): InputRef<unknown> {
  const ref = builder.inputRef<object>(`${entity.typeName}Filter`);
  return ref.implement({
    description: 'What is named side by side must all hold.',
    fields: t => ({
      and: t.field({ type: [ref] }),
      or: t.field({ type: [ref] }),
      not: t.field({ type: ref }),
      ...Object.fromEntries(
        columnsOf(entity).flatMap(([name, column]) => {
          const type = operators(column);
          return type ? [[name, t.field({ type })]] : [];
        }),
      ),
    }),
  });
}

function orderInput(builder: Builder, { enums }: SharedTypes, entity: Entity): InputRef<unknown> {
  const fields = columnsOf(entity).flatMap(([name, column]) => (isOrderable(column) ? [name] : []));
  const field = enums(`${entity.typeName}OrderField`, fields);
  return builder.inputType(`${entity.typeName}Order`, {
    description: 'Records without a value come last, in either direction.',
    fields: t => ({
      field: t.field({ type: field, required: true }),
      direction: t.field({ type: 'OrderDirection' as never, defaultValue: 'ASC' as never }),
    }),
  });
}

/** One input type for each kind of column, and one for each enum. */
function createOperatorInputs(builder: Builder, types: SharedTypes): OperatorInputs {
  const known = new Map<string, InputRef<unknown>>();
  return column => {
    const operators = OPERATORS[column.kind];
    if (operators.length === 0) return undefined;
    const name = column.kind === 'choice' ? `${column.typeName}Filter` : FILTER_NAMES[column.kind];
    const found = known.get(name);
    if (found) return found;
    const type = valueType(column, types);
    const made: InputRef<unknown> = builder.inputType(name, {
      fields: t =>
        Object.fromEntries(
          operators.map(operator => [
            operator,
            t.field({
              type: operator === 'isNull' ? 'Boolean' : operator === 'in' ? [type] : type,
              ...describe(operator, column),
            }),
          ]),
        ),
    });
    known.set(name, made);
    return made;
  };
}

const FILTER_NAMES: Record<Column['kind'], string> = {
  text: 'TextFilter',
  choice: 'ChoiceFilter',
  ref: 'IdFilter',
  refs: 'IdsFilter',
  texts: 'TextsFilter',
  int: 'IntFilter',
  boolean: 'BooleanFilter',
  date: 'LocalDateFilter',
  instant: 'DateTimeFilter',
  money: 'MoneyFilter',
  json: 'JSONFilter',
  position: 'PositionFilter',
};

const VALUES: Partial<Record<Column['kind'], ScalarName>> = {
  ref: 'ID',
  refs: 'ID',
  int: 'Int',
  boolean: 'Boolean',
  date: 'LocalDate',
  instant: 'DateTime',
  position: 'Position',
};

function valueType(column: Column, { enums, money }: SharedTypes): InputType {
  if (column.kind === 'choice') return enums(column.typeName ?? '', column.values ?? []);
  if (column.kind === 'money') return money.input;
  return VALUES[column.kind] ?? 'String';
}

function describe(operator: Operator, { kind }: Column): { description?: string } {
  if (operator === 'isNull') return { description: 'Whether it has no value.' };
  if (operator !== 'contains') return {};
  return {
    description: kind === 'text' ? 'Anywhere in the text, in capitals or not.' : 'Has this one among others.',
  };
}

/** The filter by columns' names rather than fields'. */
export function filterFrom(entity: Entity, filter: Filter | null | undefined): Filter | undefined {
  if (!filter) return undefined;
  const rename = (part: Filter): Filter =>
    Object.fromEntries(
      Object.entries(part).map(([name, value]) => {
        if (value === null || typeof value !== 'object') return [name, value];
        if (name === 'not') return [name, rename(value as Filter)];
        if (name === 'and' || name === 'or') return [name, (value as Filter[]).map(rename)];
        return [columnFor(entity, name), value];
      }),
    );
  return rename(filter);
}

export type OrderInput = { readonly field: string; readonly direction?: 'ASC' | 'DESC' | null };

/** Newest first unless it says otherwise; parts of records, which have no such time, by id. */
export function orderFrom(entity: Entity, orderBy: readonly OrderInput[] | null | undefined): Order {
  if (!orderBy || orderBy.length === 0)
    return orderOf(entity.model, entity.model.of ? [{ column: 'createdAt', direction: 'desc' }] : []);
  return orderOf(
    entity.model,
    orderBy.map(({ field, direction }) => ({
      column: columnFor(entity, field),
      direction: direction === 'DESC' ? 'desc' : 'asc',
    })),
  );
}

/** A field that holds a column; another name stays as it is, and is refused as no column. */
function columnFor({ sources }: Entity, field: string): string {
  const source = sources.get(field);
  return source?.kind === 'column' ? source.column : field;
}
