/**
 * What the server's projection `$by_category` does: for each event of a stream `order-1` a link to it in `$ce-order`.
 * The links are events like others, written in the same commit as what they link to, so that `$ce-order` is never behind.
 * What was written while this was switched off is linked in the background when it is on again, in the log's order.
 */
import type { Applying, Placed, Written } from './applying.ts';
import { readLimits } from './metadata.ts';
import { fieldsOf, idOf, ownEvent } from './record.ts';
import { NO_STREAM } from './rules.ts';
import { type PageLimit, POSITION, RECORD, type Row, STREAM, type Store } from './store.ts';
import type { Streams } from './streams.ts';
import {
  describedBy,
  isSystemStream,
  LINK_TYPE,
  METADATA_TYPE,
  metastreamOf,
  TOMBSTONE_TYPE,
} from './system.ts';

/** One commit of links to older events. */
const PAGE: PageLimit = { rows: 1_000, bytes: 4 * 1024 * 1024 };
const SEPARATOR = '-';
/** The projection's id, epoch and version, and the version of the projections themselves. */
const PROJECTION_VERSION = '1:-1:1:4';
const READABLE_BY_ALL = '{"$acl":{"$r":"$all","$mr":"$all"}}';

export type Categories = ReturnType<typeof createCategories>;

export function createCategories(store: Store, streams: Streams, applying: Applying) {
  /** The first position without a link; undefined when there is none but those of the running transaction. */
  let unlinked = store.unlinkedFrom();

  function link(placed: Placed): void {
    const { event } = placed;
    const deleted = deletedStream(placed);
    const category = categoryOf(deleted ?? placed.stream);
    if (category === undefined) return;
    const stream = streams.named(`$ce-${category}`);
    if (stream.last === NO_STREAM) {
      const acl = ownEvent(METADATA_TYPE, { json: READABLE_BY_ALL });
      applying.put(streams.named(metastreamOf(stream.name)), acl);
    }
    // A link is not linked to, but to what it links to.
    const binary = event.type === LINK_TYPE ? event.data : `${placed.revision}@${placed.stream}`;
    const metadata = JSON.stringify(about(placed, deleted));
    applying.put(stream, ownEvent(LINK_TYPE, { binary, metadata }));
  }

  /** The event of a row, as if it had just been written. */
  function place(row: Row): Placed {
    const { position, revision, ...event } = fieldsOf(row[RECORD]);
    const stream = store.streamName(row[STREAM]);
    return { stream, revision, position, event: { ...event, id: idOf(row[RECORD]) } };
  }

  return {
    behind: (): boolean => unlinked !== undefined,
    /** Within a transaction: links what it has written, unless older events have to be linked before. */
    follow({ events }: Written): void {
      if (unlinked === undefined) for (const placed of [...events]) link(placed);
    },
    /** Within a transaction of its own: links the next of the older events. */
    catchUp(): void {
      if (unlinked === undefined) return;
      const end = applying.lastPosition();
      const rows = unlinked > end ? [] : store.allForwards(unlinked, PAGE);
      for (const row of rows) link(place(row));
      const next = (rows.at(-1)?.[POSITION] ?? end) + 1;
      unlinked = next > end ? undefined : next;
      store.markUnlinked(unlinked);
    },
    forget(): void {
      unlinked = store.unlinkedFrom();
    },
  };
}

/** The stream that this event deletes. */
function deletedStream({ stream, event }: Placed): string | undefined {
  if (event.type === TOMBSTONE_TYPE) return stream;
  const isDeletion = event.type === METADATA_TYPE && event.json && readLimits(event.data).deleted;
  return isDeletion ? describedBy(stream) : undefined;
}

function categoryOf(stream: string): string | undefined {
  const end = stream.indexOf(SEPARATOR);
  return end <= 0 || isSystemStream(stream) ? undefined : stream.slice(0, end);
}

/** A link's metadata, in the server's own order: where the projection was, and what caused the link. */
function about({ stream, position, event }: Placed, deleted: string | undefined): object {
  return {
    $v: PROJECTION_VERSION,
    $c: position,
    $p: position,
    $o: deleted ?? stream,
    ...(deleted !== undefined && { $deleted: -1 }),
    $causedBy: event.id,
    ...correlation(event.metadata),
  };
}

function correlation(metadata: Buffer): { $correlationId?: string } {
  if (!metadata.includes('"$correlationId"')) return {};
  try {
    const id: unknown = JSON.parse(metadata.toString('utf8')).$correlationId;
    return typeof id === 'string' ? { $correlationId: id } : {};
  } catch {
    // Metadata are bytes to the server: not all are JSON.
    return {};
  }
}
