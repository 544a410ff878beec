/**
 * What is known of a stream: its last revision, whether it was deleted, and how much of it its metadata leave to be
 * read. Kept for the streams used lately, and brought up to date by the writer (applying.ts); read anew after a rollback.
 * Hold one no longer than a turn of the event loop: the next may have forgotten it, and know it by another object.
 */
import { type Cache, createCache } from './cache.ts';
import { type Limits, METASTREAM_LIMITS, NO_LIMITS, readLimits } from './metadata.ts';
import { type Fields, fieldsOf, isTombstone, streamField } from './record.ts';
import { type Deletion, NO_STREAM } from './rules.ts';
import { RECORD, REVISION, type Row, type Store } from './store.ts';
import { describedBy, metastreamOf } from './system.ts';

export type Stream = {
  readonly name: string;
  /** Undefined for a stream that nothing was ever written to. */
  number: number | undefined;
  /** The revision of its last event, also of one that may not be read any more. */
  last: number;
  tombstoned: boolean;
  limits: Limits;
  /** Prepared for record.ts. */
  readonly field: Buffer;
};

const CACHED_STREAMS = 10_000;

export type Streams = ReturnType<typeof createStreams>;

export function createStreams(store: Store) {
  const cache: Cache<string, Stream> = createCache(CACHED_STREAMS);

  /** A stream by its name, which needs not exist. */
  function named(name: string): Stream {
    const cached = cache.get(name);
    if (cached) return cached;
    const bytes = Buffer.from(name);
    const number = store.streamNumber(bytes);
    const last = number === undefined ? undefined : store.lastOf(number);
    const stream: Stream = {
      name,
      number,
      last: last?.[REVISION] ?? NO_STREAM,
      tombstoned: last !== undefined && isTombstone(last[RECORD]),
      limits: describedBy(name) === undefined ? limitsOf(name) : METASTREAM_LIMITS,
      field: streamField(bytes),
    };
    cache.set(name, stream);
    return stream;
  }

  function limitsOf(name: string): Limits {
    const described = metadataOf(name);
    return described?.json ? readLimits(described.data) : NO_LIMITS;
  }

  /** The last event of the stream's metastream. */
  function metadataOf(name: string): Fields | undefined {
    const number = store.streamNumber(Buffer.from(metastreamOf(name)));
    const last = number === undefined ? undefined : store.lastOf(number);
    return last && fieldsOf(last[RECORD]);
  }

  /** A metastream goes the way of its stream. */
  function deletion(stream: Stream): Deletion {
    const described = describedBy(stream.name);
    if (stream.tombstoned || (described !== undefined && deletion(named(described)) === 'hard'))
      return 'hard';
    return stream.limits.deleted ? 'soft' : undefined;
  }

  /** The revision from which on the stream may be read; above its last when nothing may. */
  function firstReadable({ number, last, limits }: Stream): number {
    const { maxCount, maxAge, truncateBefore } = limits;
    const first = Math.max(truncateBefore, maxCount === undefined ? 0 : last - maxCount + 1);
    return maxAge === undefined || number === undefined
      ? first
      : firstSince(number, first, last, Date.now() - maxAge);
  }

  /** Halves the stream until the first event is found that isn't older: events are in the order of their times. */
  function firstSince(number: number, first: number, last: number, since: number): number {
    let [low, high] = [first, last + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = store.eventAt(number, middle);
      if (row && fieldsOf(row[RECORD]).created < since) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    named,
    metadataOf,
    deletion,
    firstReadable,
    /** An event of a stream, unless it may not be read any more. */
    readable(stream: Stream, revision: number): Row | undefined {
      const { number, last } = stream;
      if (number === undefined || revision > last || deletion(stream)) return undefined;
      return revision < firstReadable(stream) ? undefined : store.eventAt(number, revision);
    },
    forget: cache.clear,
  };
}
