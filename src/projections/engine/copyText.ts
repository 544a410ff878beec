/**
 * How a version of a row stands in the text that Postgres's COPY writes: fields between tabs, in the order of the columns.
 * So rows out of the tables need not be parsed to be compared with a fold: they are the same bytes or they aren't.
 * Source: https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 */
import type { SqlColumn } from './sqlNames.ts';
import type { TrueVersion } from './truth.ts';

/** A line without its end. */
export function copyLineOf(columns: readonly SqlColumn[]): (version: TrueVersion) => string {
  const fields = columns.map(fieldOf);
  return version => {
    let line = '';
    for (const [i, field] of fields.entries()) line += i === 0 ? field(version) : `\t${field(version)}`;
    return line;
  };
}

/** The fields of a line, as they stand there. */
export const fieldsIn = (line: string): readonly string[] => line.split('\t');

const NULL = '\\N';

function fieldOf({ of, part, kind }: SqlColumn): (version: TrueVersion) => string {
  const own = OWN[of];
  if (own) return own;
  const text = (TEXTS as Partial<Record<SqlColumn['kind'], (value: unknown) => string>>)[kind] ?? plain; // each takes its kind's values
  return ({ row }) => {
    const whole = row[of];
    const value = part ? (whole as Readonly<Record<string, unknown>> | null | undefined)?.[part] : whole;
    return value === null || value === undefined ? NULL : text(value);
  };
}

const OWN: Readonly<Record<string, (version: TrueVersion) => string>> = {
  workspaceId: ({ workspaceId }) => escaped(workspaceId),
  id: ({ id }) => id,
  revision: ({ revision }) => String(revision),
  validFrom: ({ validFrom }) => timestamp(validFrom),
  knownFrom: ({ knownFrom }) => String(knownFrom),
  validTo: ({ validTo }) => (validTo === null ? NULL : timestamp(validTo)),
  knownTo: ({ knownTo }) => (knownTo === null ? NULL : String(knownTo)),
};

/** Of values that need no escaping: numbers, ids, days, decimals. */
const plain = (value: unknown): string => String(value);

const TEXTS = {
  text: (value: string) => escaped(value),
  choice: (value: string) => escaped(value),
  boolean: (value: boolean) => (value ? 't' : 'f'),
  instant: (value: string) => timestamp(value),
  texts: (values: readonly string[]) => escaped(arrayText(values)),
  refs: (values: readonly string[]) => arrayText(values),
  json: (value: unknown) => escaped(jsonbText(value)),
} satisfies Partial<Record<SqlColumn['kind'], (value: never) => string>>;

const SPECIAL = /[\\\b\f\n\r\t\v]/;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

const escaped = (text: string): string =>
  SPECIAL.test(text) ? text.replace(/[\\\b\f\n\r\t\v]/g, character => ESCAPES[character] ?? character) : text;

/** `2017-03-31T23:59:59.500Z` → `2017-03-31 23:59:59.5+00`, in a session whose zone is UTC. */
function timestamp(instant: string): string {
  const seconds = `${instant.slice(0, 10)} ${instant.slice(11, 19)}`;
  const fraction = instant.slice(19, 23).replace(/\.?0+$/, '');
  return `${seconds}${fraction}+00`;
}

/** An array of one dimension. */
const arrayText = (values: readonly string[]): string => `{${values.map(arrayElement).join(',')}}`;

const arrayElement = (text: string): string =>
  NEEDS_QUOTES.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : text;

/** Of what counts as space elsewhere, Postgres knows ASCII's alone. */
const NEEDS_QUOTES = /^$|^null$|[{},"\\ \t\n\v\f\r]/i;

/** As `jsonb` is shown: shorter keys first, then by their bytes, and a space after each colon and comma. */
function jsonbText(value: unknown): string {
  if (typeof value === 'number') return decimal(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(item => jsonbText(item ?? null)).join(', ')}]`;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${entries
    .sort(byLengthAndBytes)
    .map(([key, item]) => `${JSON.stringify(key)}: ${jsonbText(item)}`)
    .join(', ')}}`;
}

const ASCII = /^[\x20-\x7e]*$/;

function byLengthAndBytes([a]: [string, unknown], [b]: [string, unknown]): number {
  if (ASCII.test(a) && ASCII.test(b)) return a.length - b.length || (a < b ? -1 : 1);
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length - y.length || Buffer.compare(x, y);
}

/** A number as `numeric` writes it: without an exponent. */
function decimal(value: number): string {
  const text = JSON.stringify(value);
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!match) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, '0')}${point < digits.length ? `.${digits.slice(point)}` : ''}`;
}
