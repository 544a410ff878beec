/**
 * Writing appends: what has arrived while the last commit ran goes into one commit (group commit), and is answered
 * only when that has returned, which is when it is on the disk. A lone append never waits for company.
 */
import { type Cache, createCache } from './cache.ts';
import { isIoError } from './database.ts';
import { storeError } from './errors.ts';
import { createdField, encodeRecord, idOf, kindFields, type ProposedEvent, streamField } from './record.ts';
import { type Expected, type History, judge, NO_STREAM } from './rules.ts';
import { POSITION, RECORD, REVISION, type Row, type Store } from './store.ts';

export type Append = {
  readonly stream: Buffer;
  readonly expected: Expected;
  readonly events: readonly ProposedEvent[];
  /** Size of the events, for the bound of a commit. */
  readonly bytes: number;
  /** Nobody waits for the answer any more: it isn't written if it wasn't yet. */
  readonly abandoned: () => boolean;
  readonly done: (outcome: Outcome) => void;
};

export type Outcome =
  /** `position` is that of the last event; undefined only for an empty append to an empty log. */
  | { readonly kind: 'written'; readonly revision: number; readonly position: number | undefined }
  | { readonly kind: 'wrongRevision'; readonly current: number }
  | { readonly kind: 'failed'; readonly error: unknown };

/** `revision` counts the events of the running transaction too; `field` is prepared for record.ts. */
type StreamState = {
  readonly name: string;
  number: number | undefined;
  revision: number;
  readonly field: Buffer;
};
type Type = { readonly number: number; readonly json: Buffer; readonly binary: Buffer };

/** Bounds of one commit, so that a burst of large appends doesn't keep readers from their turn. */
const COMMIT_APPENDS = 1_000;
const COMMIT_BYTES = 8 * 1024 * 1024;
const CACHED_STREAMS = 10_000;

/** `committed` is told the events of each commit and the streams that they are in, before the appends are answered. */
export function createWriter(
  store: Store,
  committed: (rows: readonly Row[], streams: ReadonlySet<string>) => void,
) {
  const streams: Cache<string, StreamState> = createCache(CACHED_STREAMS);
  let types = loadTypes(store);
  let last = store.lastPosition();
  let queue: Append[] = [];
  let scheduled = false;
  /** Set when a sync failed: what is on the disk is unknown then, and only a restart finds out. */
  let broken: unknown;

  function submit(append: Append): void {
    queue.push(append);
    schedule();
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      drain();
    });
  }

  /** Commits the next group. Called again through the event loop while more is queued, so that reads get their turn. */
  function drain(): void {
    const group = takeGroup();
    if (queue.length > 0) schedule();
    if (group.length > 0) commitGroup(group);
  }

  function takeGroup(): Append[] {
    let bytes = 0;
    let count = 0;
    while (count < queue.length && count < COMMIT_APPENDS && bytes < COMMIT_BYTES)
      bytes += queue[count++]!.bytes;
    const group = queue.slice(0, count);
    queue = count === queue.length ? [] : queue.slice(count);
    return group;
  }

  function commitGroup(group: readonly Append[]): void {
    try {
      const outcomes = transact(group);
      group.forEach((append, index) => void append.done(outcomes[index]!));
    } catch (error) {
      // One append may have failed all: each alone then, so that only the one that fails is refused.
      if (group.length > 1 && broken === undefined) for (const append of group) commitGroup([append]);
      else for (const append of group) append.done({ kind: 'failed', error });
    }
  }

  /** One transaction for a group. Throws with nothing written and nothing remembered. */
  function transact(group: readonly Append[]): Outcome[] {
    if (broken !== undefined) throw broken;
    const before = last;
    const rows: Row[] = [];
    const touched = new Set<string>();
    try {
      store.begin();
      const outcomes = group.map(append => apply(append, rows, touched));
      store.commit();
      if (rows.length > 0) committed(rows, touched);
      return outcomes;
    } catch (error) {
      store.rollback();
      last = before;
      streams.clear();
      types = loadTypes(store);
      if (isIoError(error)) {
        broken = storeError(
          'UNEXPECTED',
          'The disk failed while events were written: check it, then start again.',
          error,
        );
        throw broken;
      }
      throw error;
    }
  }

  function apply(append: Append, rows: Row[], touched: Set<string>): Outcome {
    if (append.abandoned()) return { kind: 'failed', error: undefined };
    const stream = streamState(append.stream);
    const ids = append.events.map(event => event.id);
    const verdict = judge(append.expected, stream.revision, ids, historyOf(stream));
    switch (verdict.kind) {
      case 'wrongRevision':
        return { kind: 'wrongRevision', current: stream.revision };
      case 'repeat':
        return { kind: 'written', revision: verdict.last, position: positionAt(stream, verdict.last) };
      case 'append':
        write(append, stream, rows);
        touched.add(stream.name);
        return { kind: 'written', revision: stream.revision, position: last === 0 ? undefined : last };
    }
  }

  function write(append: Append, stream: StreamState, rows: Row[]): void {
    if (append.events.length === 0) return;
    stream.number ??= store.addStream(append.stream);
    const created = createdField(Date.now());
    for (const event of append.events) {
      const type = typeOf(event.type);
      const revision = stream.revision + 1;
      const position = last + 1;
      const kind = event.json ? type.json : type.binary;
      const record = encodeRecord(event, revision, position, stream.field, kind, created);
      rows.push(store.addEvent(position, stream.number, revision, type.number, event.id, record));
      stream.revision = revision;
      last = position;
    }
  }

  function streamState(name: Buffer): StreamState {
    const key = name.toString('utf8');
    const cached = streams.get(key);
    if (cached) return cached;
    const number = store.streamNumber(name);
    const revision = number === undefined ? NO_STREAM : store.lastRevision(number);
    const state: StreamState = { name: key, number, revision, field: streamField(name) };
    streams.set(key, state);
    return state;
  }

  function historyOf({ number }: StreamState): History {
    return {
      revisionOf: id => (number === undefined ? undefined : store.findEvent(number, id)?.[REVISION]),
      idAt: revision => {
        const row = number === undefined ? undefined : eventAt(number, revision);
        return row && idOf(row[RECORD]);
      },
    };
  }

  const eventAt = (stream: number, revision: number): Row | undefined =>
    store.streamForwards(stream, revision, { rows: 1, bytes: 1 })[0];

  const positionAt = ({ number }: StreamState, revision: number): number | undefined =>
    number === undefined ? undefined : eventAt(number, revision)?.[POSITION];

  function typeOf(name: string): Type {
    const known = types.get(name);
    if (known) return known;
    const type = describeType(store.addType(name), name);
    types.set(name, type);
    return type;
  }

  return {
    submit,
    /** Commits and answers everything that has been submitted. */
    finish: (): void => {
      while (queue.length > 0) drain();
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
