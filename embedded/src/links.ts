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
    if (engine.typeName(row[TYPE]) !== LINK_TYPE) return row[RECORD];
    const target = follow(engine, row);
    const event = target ? [nested(1, recordedPart(target[RECORD]))] : [];
    const link = nested(2, recordedPart(row[RECORD]));
    return frame(nested(1, ...event, link, number(3, row[POSITION])));
  };
};

/**
 * The event that a link names. Where that isn't there, or may not be read any more, the link is shown alone.
 */
export function follow(engine: Engine, link: Row): Row | undefined {
  const target = targetOf(link);
  return target && engine.readable(engine.stream(target.stream), target.revision);
}

/** The stream that an event is of, or that a link leads to. */
export const sourceStream = (engine: Engine, row: Row): string =>
  (engine.typeName(row[TYPE]) === LINK_TYPE && targetOf(row)?.stream) || engine.streamName(row[STREAM]);

/** A link's data is `revision@stream`. */
function targetOf(link: Row): { revision: number; stream: string } | undefined {
  const [, revision, stream] = /^(\d+)@(.+)$/s.exec(fieldsOf(link[RECORD]).data.toString('utf8')) ?? [];
  return stream === undefined ? undefined : { revision: Number(revision), stream };
}
