/** By what the pinned strategies keep events together: the stream that an event is of, or the correlation that it names. */
import type { Engine } from '../engine.ts';
import { follow } from '../links.ts';
import { fieldsOf } from '../record.ts';
import { RECORD, type Row, STREAM, TYPE } from '../store.ts';
import { LINK_TYPE } from '../system.ts';
import type { KeyKind } from './strategies.ts';
import { isObject } from './systemStreams.ts';

export function keysFor(engine: Engine, kind: KeyKind, resolveLinks: boolean): (row: Row) => string {
  const isLink = (row: Row): boolean => engine.typeName(row[TYPE]) === LINK_TYPE;
  const streamKey = (row: Row): string =>
    isLink(row)
      ? fieldsOf(row[RECORD])
          .data.toString('utf8')
          .replace(/^[^@]*@/, '')
      : engine.streamName(row[STREAM]);
  switch (kind) {
    case 'none':
      return () => '';
    case 'stream':
      return streamKey;
    case 'correlation':
      return row =>
        correlationOf((resolveLinks && isLink(row) && follow(engine, row)?.row) || row) ?? streamKey(row);
  }
}

function correlationOf(row: Row): string | undefined {
  try {
    const metadata: unknown = JSON.parse(fieldsOf(row[RECORD]).metadata.toString('utf8'));
    const id = isObject(metadata) ? metadata.$correlationId : undefined;
    return typeof id === 'string' ? id : undefined;
  } catch {
    // Metadata may be any bytes.
    return undefined;
  }
}
