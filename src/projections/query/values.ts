/** Values that come from outside, checked before they meet Postgres, whose own errors would say too much. */
import type { ColumnKind } from '../columns.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const DECIMAL = /^-?\d{1,20}(\.\d{1,10})?$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;
const MAX_TEXT = 1_000;
const MAX_POSITION = 2n ** 63n - 1n;

export const isId = (value: unknown): value is string => typeof value === 'string' && UUID.test(value);

export const isDay = (value: unknown): value is string =>
  typeof value === 'string' && DAY.test(value) && isRealDay(value);

export const isDecimal = (value: unknown): value is string =>
  typeof value === 'string' && DECIMAL.test(value);

export const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_TEXT && !value.includes('\u0000') && value.isWellFormed();

/** An ISO instant with its zone; day and time must exist. */
export const isInstant = (value: unknown): value is string =>
  typeof value === 'string' &&
  INSTANT.test(value) &&
  isRealDay(value.slice(0, 10)) &&
  !Number.isNaN(Date.parse(value));

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
  instant: isInstant,
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

const isRealDay = (day: string) => {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
};
