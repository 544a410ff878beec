/**
 * Messages told by their fields, and the one reader that all of them share:
 *
 *   const Entry = message({ key: string(1), value: string(2) });
 *   Entry(cursor(bytes)).key
 *
 * A field that a message lacks has its kind's default; one that is there twice counts as it comes last; one that isn't
 * told of is skipped. Bytes are not copied.
 */
import {
  type Cursor,
  delimited,
  readBytes,
  readLength,
  readNested,
  readTag,
  readText,
  readUint64,
  scalar,
  skipField,
} from './wire.ts';

type Field<Value> = {
  readonly tag: number;
  readonly read: (c: Cursor) => unknown;
  readonly absent: Value;
  /** Whether each occurrence adds a value to a list. */
  readonly isList: boolean;
};
type Fields = Readonly<Record<string, Field<unknown>>>;
export type Message<Of extends Fields> = { readonly [Name in keyof Of]: Of[Name]['absent'] };

const EMPTY: Buffer = Buffer.alloc(0);

const one = <Value>(tag: number, read: (c: Cursor) => Value, absent: Value): Field<Value> => ({
  tag,
  read,
  absent,
  isList: false,
});
const list = <Value>(tag: number, read: (c: Cursor) => Value): Field<readonly Value[]> => ({
  tag,
  read,
  absent: [],
  isList: true,
});

export const bytes = (field: number) => one(delimited(field), readBytes, EMPTY);
export const string = (field: number) => one(delimited(field), readText, '');
export const strings = (field: number) => list(delimited(field), readText);
export const bool = (field: number) => one(scalar(field), c => readLength(c) !== 0, false);
export const uint32 = (field: number, absent = 0) => one(scalar(field), readLength, absent);
/** Undefined when it isn't there: these stand in `oneof`s, where 0 and nothing differ. */
export const uint64 = (field: number) => one<bigint | undefined>(scalar(field), readUint64, undefined);
/** int32 and int64, which may be negative. */
export const int = (field: number) => one(scalar(field), c => Number(BigInt.asIntN(64, readUint64(c))), 0);
/** An empty message, which says something by being there. */
export const flag = (field: number) => one(delimited(field), c => readNested(c) !== undefined, false);
export const nest = <Value>(field: number, read: (c: Cursor) => Value) =>
  one<Value | undefined>(delimited(field), c => read(readNested(c)), undefined);
export const many = <Value>(field: number, read: (c: Cursor) => Value) =>
  list(delimited(field), c => read(readNested(c)));

/** A map from text to text, as the list of entries that it is on the wire. */
export const texts = (field: number) => many(field, Entry);
export const textAt = (map: readonly ReturnType<typeof Entry>[], wanted: string): string | undefined =>
  map.findLast(({ key }) => key === wanted)?.value;

/** The reader of a message that has these fields. */
export function message<Of extends Fields>(fields: Of): (c: Cursor) => Message<Of> {
  const named = Object.entries(fields);
  const byTag = new Map(named.map(([name, field]) => [field.tag, { ...field, name }]));
  const absent = Object.fromEntries(named.map(([name, field]) => [name, field.absent]));
  const lists = named.filter(([, { isList }]) => isList).map(([name]) => name);
  return c => {
    const found: Record<string, unknown> = { ...absent };
    for (const name of lists) found[name] = [];
    while (c.at < c.end) {
      const tag = readTag(c);
      const field = byTag.get(tag);
      if (!field) skipField(c, tag);
      // Each list has been given an array of its own above.
      else if (field.isList) (found[field.name] as unknown[]).push(field.read(c));
      else found[field.name] = field.read(c);
    }
    // Every name is there, with what its own field reads or lacks.
    return found as Message<Of>;
  };
}

const Entry = message({ key: string(1), value: string(2) });
