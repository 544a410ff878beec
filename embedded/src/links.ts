/** How a stored event is shown: as its stored frame, or a link followed to the event that it names. */
import type { Engine } from './engine.ts';
import { fieldsOf, recordedPart } from './record.ts';
import { POSITION, RECORD, type Row, STREAM, TYPE } from './store.ts';
import { LINK_TYPE } from './system.ts';
import { frame, nested, number } from './wire.ts';

export type Show = (row: Row) => Buffer;

export const shower = (engine: Engine, { resolveLinks }: { readonly resolveLinks: boolean }): Show => {
  if (!resolveLinks) return row => row[RECORD];
  return row => {
    const target = engine.typeName(row[TYPE]) === LINK_TYPE ? follow(engine, row) : undefined;
    if (!target) return row[RECORD];
    // Where the target isn't there, or may not be read any more, the link is shown alone.
    const event = target.row ? [nested(1, recordedPart(target.row[RECORD]))] : [];
    const link = nested(2, recordedPart(row[RECORD]));
    return frame(nested(1, ...event, link, number(3, row[POSITION])));
  };
};

/** What a link leads to: an event, or nothing that may still be read. Undefined: its data isn't that of a link. */
export type Target = { readonly row: Row | undefined };

/**
 * A link's data is `revision@stream`; the number may have a sign and white space around it, as .NET reads numbers, and
 * −1 stands for the stream's last event.
 */
export function follow(engine: Engine, link: Row): Target | undefined {
  const { number, name } = addressIn(link);
  const revision = longOf(number);
  if (revision === undefined) return undefined;
  if (name === '' || revision < -1n) return { row: undefined };
  const stream = engine.stream(name);
  return { row: engine.readable(stream, revision === -1n ? stream.last : Number(revision)) };
}

/** The stream that an event is of, or that a link leads to. */
export const sourceStream = (engine: Engine, row: Row): string =>
  (engine.typeName(row[TYPE]) === LINK_TYPE && addressIn(row).name) || engine.streamName(row[STREAM]);

function addressIn(link: Row): { number: string; name: string } {
  const [number = '', ...rest] = fieldsOf(link[RECORD]).data.toString('utf8').split('@');
  return { number, name: rest.join('@') };
}

/** A 64-bit integer; undefined for what isn't one. */
function longOf(text: string): bigint | undefined {
  const [, digits] = /^[\t-\r ]*([+-]?\d+)[\t-\r ]*$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const value = BigInt(digits.replace(/^\+/, ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}
