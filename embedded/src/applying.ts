/**
 * What a write does to the log, within the transaction that writer.ts has open: the rules' verdict, the events, and the
 * metadata that go with a deleted stream's return.
 */
import { DELETED, NO_LIMITS, readLimits, truncatedBefore } from './metadata.ts';
import {
  createdField,
  encodeRecord,
  encodeTombstone,
  idOf,
  kindFields,
  ownEvent,
  type ProposedEvent,
} from './record.ts';
import { type Expected, type History, judge, NO_STREAM } from './rules.ts';
import { POSITION, RECORD, REVISION, type Row, type Store } from './store.ts';
import type { Stream, Streams } from './streams.ts';
import { describedBy, METADATA_TYPE, metastreamOf } from './system.ts';

export type Change = {
  readonly stream: Buffer;
  readonly expected: Expected;
  readonly events: readonly ProposedEvent[];
  /** The one event says that the stream is deleted: `soft` by its metadata, `hard` by a tombstone. */
  readonly deletes?: 'soft' | 'hard';
};

export type Outcome =
  /** `position` is that of the last event; undefined for an empty append to an empty log, and see `apply`. */
  | { readonly kind: 'written'; readonly revision: number; readonly position: number | undefined }
  | { readonly kind: 'wrongRevision'; readonly current: number }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'failed'; readonly error: unknown };

type Type = { readonly number: number; readonly json: Buffer; readonly binary: Buffer };

/** An event and where it was written. */
export type Placed = {
  readonly stream: string;
  readonly revision: number | bigint;
  readonly position: number;
  readonly event: ProposedEvent;
};

/** What a transaction has written so far. */
export type Written = { readonly rows: Row[]; readonly events: Placed[]; readonly streams: Set<string> };
const nothing = (): Written => ({ rows: [], events: [], streams: new Set() });

export type Applying = ReturnType<typeof createApplying>;

export function createApplying(store: Store, streams: Streams) {
  let types = loadTypes(store);
  let last = store.lastPosition();
  let before = last;
  let written = nothing();

  function apply(change: Change): Outcome {
    const stream = streams.named(change.stream.toString('utf8'));
    const deletion = streams.deletion(stream);
    const condition = { current: stream.last, deletion, hasMetadata: () => hasMetadata(stream) };
    const ids = change.events.map(event => event.id);
    const verdict = judge(change.expected, condition, ids, historyOf(stream));
    switch (verdict.kind) {
      case 'wrongRevision':
        return { kind: 'wrongRevision', current: stream.last };
      case 'deleted':
        return verdict;
      case 'repeat':
        // As the real server does, it answers no position when the event may not be read any more.
        return {
          kind: 'written',
          revision: verdict.last,
          position: streams.readable(stream, verdict.last)?.[POSITION],
        };
      case 'append':
        return carryOut(change, stream);
    }
  }

  function carryOut({ events, deletes }: Change, stream: Stream): Outcome {
    if (deletes === 'soft' && stream.last === NO_STREAM && !hasMetadata(stream))
      return { kind: 'wrongRevision', current: NO_STREAM };
    const target = deletes === 'soft' ? streams.named(metastreamOf(stream.name)) : stream;
    const returning = deletes ? undefined : returningWith(stream);
    const end = returning?.last;
    for (const event of events) put(target, event, deletes === 'hard');
    const outcome: Outcome = {
      kind: 'written',
      revision: stream.last,
      position: last === 0 ? undefined : last,
    };
    if (returning && end !== undefined) revive(returning, end + 1);
    return outcome;
  }

  /** The deleted stream that comes back when this one is written to: itself, or the one that it describes. */
  function returningWith(stream: Stream): Stream | undefined {
    const described = describedBy(stream.name);
    const subject = described === undefined ? stream : streams.named(described);
    return subject.limits.deleted ? subject : undefined;
  }

  /** A stream that was deleted goes on after its old events: its metadata then hide no more than those. */
  function revive(stream: Stream, first: number): void {
    const metadata = streams.metadataOf(stream.name);
    const data = metadata && truncatedBefore(metadata.data, first);
    if (!data) return;
    put(streams.named(metastreamOf(stream.name)), ownEvent(METADATA_TYPE, { json: data }));
  }

  /** Writes one event, whatever the rules say. */
  function put(stream: Stream, event: ProposedEvent, isTombstone = false): void {
    stream.number ??= store.addStream(Buffer.from(stream.name));
    const type = typeOf(event.type);
    const kind = event.json ? type.json : type.binary;
    const created = createdField(Date.now());
    const revision = stream.last + 1;
    const position = last + 1;
    const shown = isTombstone ? DELETED : revision;
    const record = isTombstone
      ? encodeTombstone(event.id, position, stream.field, kind, created)
      : encodeRecord(event, revision, position, stream.field, kind, created);
    written.rows.push(store.addEvent(position, stream.number, revision, type.number, event.id, record));
    written.events.push({ stream: stream.name, revision: shown, position, event });
    written.streams.add(stream.name);
    last = position;
    stream.last = revision;
    stream.tombstoned = isTombstone;
    const described = describedBy(stream.name);
    if (described !== undefined && describedBy(described) === undefined)
      streams.named(described).limits = event.json ? readLimits(event.data) : NO_LIMITS;
  }

  const hasMetadata = ({ name }: Stream): boolean => streams.named(metastreamOf(name)).last !== NO_STREAM;

  function historyOf({ number }: Stream): History {
    return {
      revisionOf: id => (number === undefined ? undefined : store.findEvent(number, id)?.[REVISION]),
      idAt: revision => {
        const row = number === undefined ? undefined : store.eventAt(number, revision);
        return row && idOf(row[RECORD]);
      },
    };
  }

  function typeOf(name: string): Type {
    const known = types.get(name);
    if (known) return known;
    const type = describeType(store.addType(name), name);
    types.set(name, type);
    return type;
  }

  return {
    begin(): void {
      store.begin();
      before = last;
      written = nothing();
    },
    apply,
    put,
    /** What the transaction has written so far. */
    written: (): Written => written,
    commit: store.commit,
    /** Nothing of the transaction is on the disk, and nothing of it is remembered. */
    rollback(): void {
      store.rollback();
      last = before;
      streams.forget();
      types = loadTypes(store);
    },
    lastPosition: (): number => last,
  };
}

const describeType = (number: number, name: string): Type => ({
  number,
  json: kindFields(name, true),
  binary: kindFields(name, false),
});

function loadTypes(store: Store): Map<string, Type> {
  return new Map([...store.types()].map(([number, name]) => [name, describeType(number, name)]));
}
