/**
 * From a selection to SQL and back: one statement reads rows together with all records that they point to, by left
 * joins, and one more each list of records. The plan of a selection is made once.
 */
import { type RawBuilder, sql } from 'kysely';
import type { Column } from '../columns.ts';
import type { ReadModel } from '../readModel.ts';
import { columnOf } from './models.ts';
import { type Moment, relationAt, truthAt } from './moment.ts';
import { snake } from './names.ts';
import type { Related, Selection } from './selection.ts';
import type { Values } from './session.ts';

/** A row or record as resolvers see it: columns by name, and the related records that were asked for. */
export type Row = { readonly id: string; readonly [momentOf]: Moment; readonly [column: string]: unknown };

/** The moment in which a row was read, for what is read through it later. */
export const momentOf: unique symbol = Symbol('moment');

export type Plan = {
  readonly model: ReadModel;
  readonly selection: Selection;
  /** The select list; rows of the model itself are `t0`. */
  readonly list: RawBuilder<unknown>;
  /** Columns of `t0` that list and joins need, in SQL. */
  readonly needs: readonly string[];
  readonly joins: (moment: Moment) => RawBuilder<unknown>;
  readonly hasJoins: boolean;
  readonly rowOf: (values: Values, moment: Moment) => Row;
  /** Lists of records, still to be read: from the rows with this path of fields, into the field. */
  readonly lists: readonly ListPart[];
};

export type ListPart = {
  readonly path: readonly string[];
  readonly field: string;
  readonly related: Related;
};

type Mutable = { -readonly [K in keyof Row]: Row[K] };
type Reader = (row: Mutable, values: Values) => void;
type Join = { readonly alias: string; readonly model: ReadModel; readonly on: string };

const plans = new WeakMap<Selection, Plan>();

export function planOf(selection: Selection): Plan {
  let plan = plans.get(selection);
  if (!plan) {
    plan = makePlan(selection);
    plans.set(selection, plan);
  }
  return plan;
}

function makePlan(selection: Selection): Plan {
  const list: string[] = [];
  const joins: Join[] = [];
  const lists: ListPart[] = [];
  const rowOf = readerOf(selection, 't0', [], { list, joins, lists });
  const needs = [...list, ...joins.map(join => join.on)].flatMap(text =>
    text.startsWith('t0.') ? [text.slice('t0.'.length)] : [],
  );
  const now = joinsAt(joins, {});
  return {
    model: selection.model,
    selection,
    list: sql.raw(list.join(', ')),
    needs: [...new Set(needs)],
    joins: moment =>
      moment.asOf === undefined && moment.knownAt === undefined ? now : joinsAt(joins, moment),
    hasJoins: joins.length > 0,
    rowOf: (values, moment) => rowOf(values, moment) ?? missingId(selection.model),
    lists,
  };
}

type Draft = { readonly list: string[]; readonly joins: Join[]; readonly lists: ListPart[] };

/** Adds the selection's columns to the list; gives the function that reads a row out of them, or nothing without id. */
function readerOf(
  { model, columns, records, lists }: Selection,
  alias: string,
  path: readonly string[],
  draft: Draft,
): (values: Values, moment: Moment) => Row | null {
  const idAt = draft.list.push(`${alias}.id`) - 1;
  const wanted = new Set([
    ...columns,
    ...[...records.values(), ...lists.values()].map(related => related.column),
  ]);
  wanted.delete('id');
  const columnReaders = [...wanted].map(name => columnReader(model, name, alias, draft.list));
  const recordReaders = [...records].map(([field, { column, selection }]) => {
    const joined = `t${draft.joins.length + 1}`;
    draft.joins.push({ alias: joined, model: selection.model, on: `${alias}.${snake(column)}` });
    return { field, read: readerOf(selection, joined, [...path, field], draft) };
  });
  for (const [field, related] of lists) draft.lists.push({ path, field, related });

  return (values, moment) => {
    const id = values[idAt];
    if (id === null) return null;
    const row: Mutable = { id: id as string, [momentOf]: moment }; // `id` is a uuid column
    for (const read of columnReaders) read(row, values);
    for (const { field, read } of recordReaders) row[field] = read(values, moment);
    return row;
  };
}

function columnReader(model: ReadModel, name: string, alias: string, list: string[]): Reader {
  const column = columnOf(model, name);
  if (!column) throw new Error(`${model.name} has no column ${name}`);
  const at = list.push(`${alias}.${snake(name)}`) - 1;
  if (column.kind !== 'money')
    return (row, values) => {
      row[name] = values[at];
    };
  list.push(`${alias}.${snake(name)}_currency`);
  return (row, values) => {
    const amount = values[at];
    row[name] = amount === null ? null : { amount, currency: values[at + 1] };
  };
}

const joinsAt = (joins: readonly Join[], moment: Moment): RawBuilder<unknown> =>
  sql.join(
    joins.map(({ alias, model, on }) => {
      const truth = truthAt(model, alias, moment);
      const begin = sql.raw(
        ` left join ${relationAt(model, moment)} ${alias} on ${alias}.workspace_id = t0.workspace_id and ${alias}.id = ${on}`,
      );
      return truth ? sql`${begin} and ${truth}` : begin;
    }),
    sql.raw(''),
  );

/** The SQL columns of one column. */
export const sqlColumns = (name: string, column: Column): readonly string[] =>
  column.kind === 'money' ? [snake(name), `${snake(name)}_currency`] : [snake(name)];

function missingId(model: ReadModel): never {
  throw new Error(`a row of ${model.name} without an id`);
}
