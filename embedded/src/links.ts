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
    if (!isLink) return structuredIds ? frame(nested(1, nested(1, recorded(row)), position)) : row[RECORD];
    const target = follow(engine, row);
    const event = target ? [nested(1, recorded(target))] : [];
    return frame(nested(1, ...event, nested(2, recorded(row)), position));
  };
};

/**
 * A link's data is `revision@stream`. Where that event isn't there, or may not be read any more, the link is shown alone.
 */
export function follow(engine: Engine, link: Row): Row | undefined {
  const target = fieldsOf(link[RECORD]).data.toString('utf8');
  const [, revision, stream] = /^(\d+)@(.+)$/s.exec(target) ?? [];
  if (revision === undefined || stream === undefined) return undefined;
  return engine.readable(engine.stream(stream), Number(revision));
}
