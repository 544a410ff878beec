/** Where a field's value comes from: a plan's source, checked and turned into a function of the row. */
import { cellReader, constantInstant } from './cells.ts';
import { type Context, complain, type JsonPath, referredKind, useColumn } from './context.ts';
import { type Field, textField } from './fields.ts';
import { partIdOf } from './ids.ts';
import type { Pass, Source } from './plan.ts';
import { addProblem, type Key, keyPart, type Row } from './row.ts';
import { parseTemplate } from './template.ts';

export type CompiledSource = {
  /** `undefined` when it is empty, or bad (then the row has a problem). */
  readonly read: (row: Row) => unknown;
  /** The columns that it reads; none for constants. */
  readonly columns: readonly string[];
};

const FORMS = ['column', 'columns', 'constant', 'text', 'id', 'first'] as const;

/** Nothing when the source is wrong; the context then has the reason. */
export function compileSource(
  context: Context,
  source: Source,
  field: Field,
  path: JsonPath,
): CompiledSource | undefined {
  const forms = FORMS.filter(form => source[form] !== undefined);
  if (forms.length !== 1)
    return complain(
      context,
      path,
      `say exactly one of ${FORMS.join(', ')}${forms.length ? `, not ${forms.join(' and ')}` : ''}`,
    );
  for (const column of [source.column ?? [], source.columns ?? []].flat())
    useColumn(context, column, [...path, source.column === undefined ? 'columns' : 'column']);
  if (source.map && source.column === undefined)
    return complain(context, [...path, 'map'], '"map" needs "column"');
  if (source.ref !== undefined) return compileReference(context, source, field, path);
  if (field.ref !== undefined && source.id === undefined && source.first === undefined)
    return complain(
      context,
      path,
      `it takes the id of a ${field.ref}; add "ref" with the kind that it is of`,
    );
  if (source.columns) return complain(context, [...path, 'columns'], '"columns" needs "ref"');
  if (source.first) return compileFirst(context, source.first, field, path);
  if (source.constant !== undefined) return compileConstant(context, source.constant, field, path);
  if (source.column !== undefined) return compileColumn(context, source.column, source.map, field, path);
  return compileText(context, source, field, path);
}

function compileFirst(context: Context, sources: readonly Source[], field: Field, path: JsonPath) {
  const compiled = sources.map((source, i) => compileSource(context, source, field, [...path, 'first', i]));
  const complete = compiled.filter(source => source !== undefined);
  return {
    columns: complete.flatMap(source => source.columns),
    read: (row: Row) => {
      for (const source of complete) {
        const value = source.read(row);
        if (value !== undefined) return value;
      }
      return undefined;
    },
  };
}

function compileConstant(context: Context, constant: unknown, field: Field, path: JsonPath) {
  const fixed = constantFor(context, constant, field, [...path, 'constant']);
  return fixed && { columns: [], read: () => fixed.value };
}

/** The value that a plan writes for a field, as the field takes it. */
function constantFor(context: Context, written: unknown, field: Field, path: JsonPath) {
  const instant = field.kind === 'instant' ? constantInstant(String(written), context.zone) : undefined;
  if (field.kind === 'instant' && !instant)
    return complain(context, path, 'write it like 2016-10-01 or 2016-10-01T00:00:00Z');
  const value = instant ?? written;
  const { error } = field.schema.safeParse(value);
  return error
    ? complain(context, path, error.issues[0]?.message ?? 'the field does not take it')
    : { value };
}

function compileColumn(
  context: Context,
  column: string,
  map: Readonly<Record<string, unknown>> | undefined,
  field: Field,
  path: JsonPath,
) {
  if (map) return compileMap(context, column, map, field, path);
  const read = cellReader(column, context.file?.columns[column], field.kind, context.zone);
  return typeof read === 'function'
    ? { columns: [column], read }
    : complain(context, [...path, 'column'], `column "${column}": ${read.wrong}`);
}

function compileMap(
  context: Context,
  column: string,
  map: Readonly<Record<string, unknown>>,
  field: Field,
  path: JsonPath,
) {
  const values = new Map<string, unknown>();
  for (const [cell, written] of Object.entries(map))
    values.set(cell, constantFor(context, written, field, [...path, 'map', cell])?.value);
  const advice = `use one of ${[...values.keys()].join(', ')}, or add it to the map in the plan`;
  const read = (row: Row) => {
    const value = row.read(column);
    if (value !== '' && !values.has(value)) addProblem(row, { column, code: 'VALUE_UNKNOWN', value, advice });
    return values.get(value);
  };
  return { columns: [column], read };
}

/** Text with cells in it, or the id that such a text names. */
function compileText(context: Context, source: Source, field: Field, path: JsonPath) {
  const form = source.id === undefined ? 'text' : 'id';
  const template = parseTemplate(source[form] ?? '');
  if ('wrong' in template) return complain(context, [...path, form], template.wrong);
  if (field.kind !== 'text')
    return complain(context, path, `the field takes no text; use "column" or "constant"`);
  for (const column of template.columns) useColumn(context, column, [...path, form]);
  const { columns, render } = template;
  if (form === 'text') return { columns, read: render };
  const fixed =
    source.id !== undefined && columns.length === 0 ? partIdOf(context.scope, source.id) : undefined;
  const idOf = (text: string | undefined) => text && partIdOf(context.scope, text);
  return { columns, read: (row: Row) => fixed ?? idOf(render(row)) };
}

/** The id of the record that the plan creates for a key: computed, nothing is looked up. */
function compileReference(context: Context, source: Source, field: Field, path: JsonPath) {
  const name = source.ref ?? '';
  const kind = referredKind(context, name, [...path, 'ref']);
  if (!kind) return undefined;
  if (field.ref !== undefined && field.ref !== kind.category)
    return complain(
      context,
      [...path, 'ref'],
      `the field takes a ${field.ref}; "${name}" is a ${kind.category}`,
    );
  if (name === context.beginning?.kind && !isOwnKey(source, context.beginning.key))
    return complain(
      context,
      [...path, 'ref'],
      `"${name}" is created in this very pass, where a row can't count on the others; move the step to a pass of its own further down`,
    );
  const { constant, map } = source;
  const columns = source.columns ?? (source.column === undefined ? [] : [source.column]);
  if (map)
    return complain(context, [...path, 'map'], 'a reference is a key already; use aliases of the column');
  if (columns.length === 0 && typeof constant !== 'string')
    return complain(context, path, '"ref" needs "column", "columns" or a "constant" that is text');
  const keyOf = (row: Row): Key =>
    columns.length > 0 ? columns.map(column => keyPart(row.read(column))) : [keyPart(String(constant))];
  const column = columns.join(' + ');
  const read = (row: Row) => {
    const key = keyOf(row);
    if (key.includes('')) return undefined;
    const id = context.recordId(name, kind, key);
    row.references.push({ kind: name, key, id, column, value: key.join(' + ') });
    return id;
  };
  return { columns, read };
}

/** Whether a reference is to the record of the row itself. */
function isOwnKey({ column, columns, constant }: Source, key: Pass['key']): boolean {
  if (typeof key === 'object' && 'constant' in key) return constant === key.constant;
  const [own, named] = [[key].flat(), columns ?? [column]];
  return own.length === named.length && own.every((name, i) => name === named[i]);
}

/** The field of a reference that names a record to send a command to. */
export const targetField = (category: string): Field => ({ ...textField, ref: category });
