/**
 * How a stored event is shown to a reader who asked for more than the stored frame: links followed to the events
 * that they name, or ids as two numbers.
 */
import type { Engine } from './engine.ts';
import { fieldsOf, recordedPart, withStructuredId } from './record.ts';
import { POSITION, RECORD, type Row, TYPE } from './store.ts';
import { LINK_TYPE } from './system.ts';
import { frame, nested, number } from './wire.ts';

export type Show = (row: Row) => Buffer;

export const shower = (
  engine: Engine,
  { resolveLinks, structuredIds }: { readonly resolveLinks: boolean; readonly structuredIds: boolean },
): Show => {
  const recorded = (row: Row): Buffer =>
    structuredIds ? withStructuredId(row[RECORD]) : recordedPart(row[RECORD]);
  if (!resolveLinks && !structuredIds) return row => row[RECORD];
  return row => {
    const isLink = resolveLinks && engine.typeName(row[TYPE]) === LINK_TYPE;
    const position = number(3, row[POSITION]);
    const target = isLink ? follow(engine, row) : undefined;
    if (!target) return structuredIds ? frame(nested(1, nested(1, recorded(row)), position)) : row[RECORD];
    // Where the target isn't there, or may not be read any more, the link is shown alone.
    const event = target.row ? [nested(1, recorded(target.row))] : [];
    return frame(nested(1, ...event, nested(2, recorded(row)), position));
  };
};

/** What a link leads to: an event, or nothing that may still be read. Undefined: its data isn't that of a link. */
export type Target = { readonly row: Row | undefined };

/**
 * A link's data is `revision@stream`; the number may have a sign and white space around it, as .NET reads numbers, and
 * −1 stands for the stream's last event.
 */
export function follow(engine: Engine, link: Row): Target | undefined {
  const [number = '', ...rest] = fieldsOf(link[RECORD]).data.toString('utf8').split('@');
  const revision = longOf(number);
  if (revision === undefined) return undefined;
  const name = rest.join('@');
  if (name === '' || revision < -1n) return { row: undefined };
  const stream = engine.stream(name);
  return { row: engine.readable(stream, revision === -1n ? stream.last : Number(revision)) };
}

/** A 64-bit integer; undefined for what isn't one. */
function longOf(text: string): bigint | undefined {
  const [, digits] = /^[\t-\r ]*([+-]?\d+)[\t-\r ]*$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const value = BigInt(digits.replace(/^\+/, ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}
