/** An event as the feed delivers it: opened for its reader at that moment, or with the reason why it can't be. */
import { parseStream } from '../../domain/kernel/aggregate.ts';
import type { Decoded, StoredEvent } from '../../eventstore/codec.ts';
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

/** Opens stored events, in their order. @throws when what it needs for that can't be had at present. */
export type Decode = (stored: readonly StoredEvent[]) => Promise<readonly Decoded[]>;

/** @param stored of streams of Relata's. */
export async function deliver(stored: readonly LoggedEvent[], decode: Decode): Promise<readonly Delivered[]> {
  if (stored.length === 0) return [];
  const decoded = await decode(stored);
  return stored.map((event, i) => delivered(event, decoded[i]));
}

function delivered(stored: LoggedEvent, decoded: Decoded | undefined): Delivered {
  const place = parseStream(stored.streamId);
  if (!place || !decoded) throw new Error(`${stored.streamId} is no stream of Relata's, or was not decoded`);
  const { category: recordType, id: recordId, workspaceId } = place;
  const at = { cursor: printCursor(cursorOf(stored)), workspaceId, recordType, recordId };
  const { id, type, revision } = stored;
  const { commit: position } = stored.position;
  if (decoded.kind === 'event') return { ...at, kind: 'event', event: { ...decoded.event, position } };
  return {
    ...at,
    kind: 'undecodable',
    event: { id, type, revision: Number(revision), position },
    reason: decoded.kind === 'undecodable' ? decoded.reason : `unknown category ${recordType}`,
  };
}
