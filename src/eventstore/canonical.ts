/**
 * Canonical JSON (RFC 8785): one text for one value, so that a hash of it means something. Keys are sorted by UTF-16
 * code units; numbers and strings are written as ECMAScript writes them, which is what the RFC asks for.
 */
export function canonicalJson(value: unknown): string {
  // JSON.stringify writes a copy with sorted keys in a third of the time that it takes to put the text together.
  const seen = { unsortable: false };
  const copy = sorted(value, seen);
  return seen.unsortable ? written(value) : textOf(copy);
}

/** The same value, where the keys of every object are in order. */
function sorted(value: unknown, seen: { unsortable: boolean }): unknown {
  if (typeof value !== 'object' || value === null) return value === undefined ? value : checked(value);
  if (Array.isArray(value)) return value.map(item => sorted(item, seen));
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) {
    if (UNSORTABLE.test(key)) seen.unsortable = true;
    copy[key] = sorted((value as Readonly<Record<string, unknown>>)[key], seen);
  }
  return copy;
}

/** Keys that an object doesn't keep where they were put: whole numbers come first in it, and one is its prototype. */
const UNSORTABLE = /^(\d+|__proto__)$/;

function written(value: unknown): string {
  if (value === null || typeof value !== 'object') return textOf(value);
  if (Array.isArray(value)) return `[${value.map(item => written(item ?? null)).join(',')}]`;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const members = entries.sort(byKey).map(([key, item]) => `${JSON.stringify(key)}:${written(item)}`);
  return `{${members.join(',')}}`;
}

const textOf = (value: unknown): string => JSON.stringify(checked(value));

function checked(value: unknown): unknown {
  const isWithout = NOT_JSON.has(typeof value) || (typeof value === 'number' && !Number.isFinite(value));
  if (isWithout) throw new TypeError(`${String(value)} has no JSON`);
  return value;
}

const NOT_JSON = new Set(['undefined', 'function', 'symbol', 'bigint']);

const byKey = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : a > b ? 1 : 0);
