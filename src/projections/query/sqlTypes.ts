/** How values come back from Postgres: nothing that a JavaScript number or Date would damage becomes one. */
import pg from 'pg';

type Parse = (text: string) => unknown;

const OID = {
  bool: 16,
  int8: 20,
  int2: 21,
  int4: 23,
  json: 114,
  textArray: 1009,
  date: 1082,
  timestamptz: 1184,
  numeric: 1700,
  uuidArray: 2951,
  jsonb: 3802,
} as const;

const asIs: Parse = text => text;
// pg's own parser of text[]; uuid[] has the same form.
const array: Parse = pg.types.getTypeParser(OID.textArray as never, 'text'); // its type lists scalars only

const parsers: ReadonlyMap<number, Parse> = new Map<number, Parse>([
  [OID.bool, text => text === 't'],
  [OID.int8, BigInt],
  [OID.int2, Number],
  [OID.int4, Number],
  [OID.json, JSON.parse],
  [OID.jsonb, JSON.parse],
  [OID.textArray, array],
  [OID.uuidArray, array],
  [OID.timestamptz, instantOf],
]);

/** Given with each statement, so that nobody else's parsing changes. Whatever isn't named stays text. */
export const sqlTypes = {
  getTypeParser: (oid: number) => parsers.get(oid) ?? asIs,
} as pg.CustomTypesConfig; // only the text format is ever asked for

/** `2017-03-31 23:59:59.5+00` → `2017-03-31T23:59:59.500Z`. The session's zone is UTC (see `readPool.ts`). */
export function instantOf(text: string): string {
  if (!text.endsWith('+00')) return text === 'infinity' ? text : new Date(text).toISOString();
  const fraction = text.slice(20, -3).padEnd(3, '0').slice(0, 3);
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction}Z`;
}
