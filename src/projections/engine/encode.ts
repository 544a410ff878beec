/**
 * Rows as parameters: one array a column, written as Postgres's array text, so that a table takes any number of rows
 * by one prepared statement. Measured against COPY and JSON in bench/catchup (see RESULTS.md).
 */
import { keyOf, type Version } from './fold.ts';
import type { SqlColumn } from './sqlNames.ts';

/** A version of a row under its key. Superseded ones have ends. */
export type Keyed = {
  readonly workspaceId: string;
  readonly id: string;
  readonly version: Version;
  readonly validTo?: string;
  readonly knownTo?: bigint;
};

export type Param = {
  /** The type of the array that is sent. */
  readonly type: string;
  /** What makes the column's value of an element, when it isn't the element itself. */
  readonly cast?: string;
  readonly read: (keyed: Keyed) => unknown;
};

/** How a column is sent. */
export function paramOf(column: SqlColumn): Param {
  const { of, kind, part, type } = column;
  const own = OWN.get(of);
  if (own) return { type: sent(type), read: own };
  const value = (keyed: Keyed) => keyed.version.row[of];
  if (part)
    return { type, read: keyed => (value(keyed) as Readonly<Record<typeof part, string>> | null)?.[part] };
  if (kind === 'json') return { type, read: keyed => toJson(value(keyed)) };
  // An array of arrays would have to be a rectangle: inner ones travel as text.
  if (kind === 'refs' || kind === 'texts')
    return { type: 'text', cast: type, read: keyed => arrayText(value(keyed) as readonly string[] | null) };
  return { type: sent(type), read: value };
}

const OWN: ReadonlyMap<string, Param['read']> = new Map<string, Param['read']>([
  ['workspaceId', keyed => keyed.workspaceId],
  ['id', keyed => keyed.id],
  ['revision', keyed => keyed.version.revision],
  ['validFrom', keyed => keyed.version.validFrom],
  ['knownFrom', keyed => keyed.version.knownFrom],
  ['validTo', keyed => keyed.validTo],
  ['knownTo', keyed => keyed.knownTo],
]);

const sent = (type: string): string => type.replace('(3)', '');

const toJson = (value: unknown): string | null =>
  value === undefined || value === null ? null : JSON.stringify(value);

const arrayText = (values: readonly string[] | null | undefined): string | null =>
  values ? arrayOf(values, value => value) : null;

/** Postgres's text of a one-dimensional array. */
export function arrayOf<T>(items: readonly T[], read: (item: T) => unknown): string {
  let text = '{';
  for (const item of items) {
    if (text.length > 1) text += ',';
    text += element(read(item));
  }
  return `${text}}`;
}

const SPECIAL = /["\\]/;

function element(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value !== 'string') return String(value); // numbers, positions and booleans need no quotes
  return SPECIAL.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : `"${value}"`;
}

/** A row as loaded, back as the fold left it. */
export function versionOf(
  columns: readonly SqlColumn[],
  values: readonly unknown[],
): { readonly key: string; readonly version: Version } {
  const row: Record<string, unknown> = {};
  const own: Record<string, unknown> = {};
  for (const [i, { of, part }] of columns.entries()) {
    const value = values[i];
    if (OWN.has(of)) own[of] = value;
    else if (!part) row[of] = value;
    else row[of] = value === null ? null : { ...(row[of] as object | undefined), [part]: value };
  }
  const { workspaceId, id, revision, validFrom, knownFrom } = own as Loaded; // by the columns' types
  return { key: keyOf(workspaceId, id), version: { row, revision, validFrom, knownFrom } };
}

type Loaded = Omit<Version, 'row'> & { readonly workspaceId: string; readonly id: string };
