/** Values that come from outside, checked before they meet Postgres, whose own errors would say too much. */
import type { ColumnKind } from '../columns.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DECIMAL = /^-?\d{1,20}(\.\d{1,10})?$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;
/** Longer than any text that is stored. */
const MAX_TEXT = 10_000;
const MAX_POSITION = 2n ** 63n - 1n;

export const isId = (value: unknown): value is string => typeof value === 'string' && UUID.test(value);

export const isDay = (value: unknown): value is string =>
  typeof value === 'string' && DAY.test(value) && isRealDay(value);

export const isDecimal = (value: unknown): value is string =>
  typeof value === 'string' && DECIMAL.test(value);

export const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_TEXT && !value.includes('\u0000') && value.isWellFormed();

/**
 * The instant that an ISO text with a zone means, in UTC and as exact as it was given; nothing where there is none such,
 * or Postgres couldn't read it (years beyond four digits, offsets of a day).
 */
export function instantFrom(value: unknown): string | undefined {
  if (typeof value !== 'string' || !INSTANT.test(value) || !isRealDay(value.slice(0, 10))) return undefined;
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return undefined;
  const utc = date.toISOString();
  const fraction = /[.](\d+)/.exec(value)?.[1] ?? '';
  return inCommonYears(utc) ? `${utc.slice(0, 19)}.${fraction.padEnd(3, '0')}Z` : undefined;
}

/** The position that a text or number names, or nothing. */
export function positionOf(value: unknown): bigint | undefined {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? `${value}` : value;
  if (typeof text !== 'string' || !/^\d{1,19}$/.test(text)) return undefined;
  const position = BigInt(text);
  return position <= MAX_POSITION ? position : undefined;
}

const isInt = (value: unknown) => Number.isInteger(value) && Math.abs(value as number) <= 2 ** 31 - 1;

const checks: Record<ColumnKind, (value: unknown) => boolean> = {
  text: isText,
  choice: isText,
  ref: isId,
  refs: isId,
  texts: isText,
  int: isInt,
  boolean: value => typeof value === 'boolean',
  date: isDay,
  instant: value => instantFrom(value) !== undefined,
  money: isDecimal,
  json: () => false,
  position: value => positionOf(value) !== undefined,
};

/** Whether it is a value of a column of this kind, as filters and cursors write it: money by its amount. */
export const isValueOf = (kind: ColumnKind, value: unknown): boolean => checks[kind](value);

const SQL_TYPES: Partial<Record<ColumnKind, string>> = {
  ref: 'uuid',
  refs: 'uuid',
  int: 'int',
  boolean: 'boolean',
  date: 'date',
  instant: 'timestamptz',
  money: 'numeric',
  position: 'bigint',
};

/** What a value of the kind is cast to; an element's type for lists, the amount's for money. */
export const sqlTypeOf = (kind: ColumnKind): string => SQL_TYPES[kind] ?? 'text';

// Postgres has no year 0, and beyond 9999 dates have another form.
const inCommonYears = (text: string) => /^(?!0000)\d{4}-/.test(text);

const isRealDay = (day: string) => {
  if (!inCommonYears(day)) return false;
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
};
