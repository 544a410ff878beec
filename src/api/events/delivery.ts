/** An event as the feed delivers it: opened for its reader at that moment, or with the reason why it can't be. */
import { parseStream } from '../../domain/kernel/aggregate.ts';
import type { Codec } from '../../eventstore/codec.ts';
import type { RecordedEvent } from '../../eventstore/envelope.ts';
import type { LoggedEvent } from '../../eventstore/log.ts';
import { cursorOf, printCursor } from './cursor.ts';

export type Delivered = {
  /** The place after which a reader goes on. */
  readonly cursor: string;
  readonly workspaceId: string;
  readonly recordType: string;
  readonly recordId: string;
} & (
  | { readonly kind: 'event'; readonly event: RecordedEvent }
  | {
      readonly kind: 'undecodable';
      readonly event: Pick<RecordedEvent, 'id' | 'type' | 'revision' | 'position'>;
      readonly reason: string;
    }
);

/** @param stored of a stream of Relata's. */
export function deliver(stored: LoggedEvent, decode: Codec['decode']): Delivered {
  const place = parseStream(stored.streamId);
  if (!place) throw new Error(`${stored.streamId} is no stream of Relata's`);
  const { category: recordType, id: recordId, workspaceId } = place;
  const at = { cursor: printCursor(cursorOf(stored)), workspaceId, recordType, recordId };
  const decoded = decode(stored);
  // Servers before 22.6 don't tell positions in stream reads; here the log did.
  if (decoded.kind === 'event')
    return { ...at, kind: 'event', event: { ...decoded.event, position: stored.position.commit } };
  const { id, type, revision, position } = stored;
  return {
    ...at,
    kind: 'undecodable',
    event: { id, type, revision: Number(revision), position: position.commit },
    reason: decoded.kind === 'undecodable' ? decoded.reason : `unknown category ${recordType}`,
  };
}
