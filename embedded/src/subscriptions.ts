/**
 * Catch-up subscriptions. One is a cursor into the log that is moved by reading, and is woken by commits: history and
 * live events come the same way, so there is no hand-over that could lose an event or give it twice.
 */
import { randomUUID } from 'node:crypto';
import { PAGE, pump, type Step } from './delivery.ts';
import type { Engine } from './engine.ts';
import { compileFilter } from './filters.ts';
import { shower } from './links.ts';
import { streamDeleted, streamName } from './proposals.ts';
import type { FilterRequest, ReadRequest } from './requests.ts';
import { CAUGHT_UP, checkpoint, confirmed } from './responses.ts';
import { NO_STREAM } from './rules.ts';
import { POSITION, type Row, STREAM, TYPE } from './store.ts';
import type { Call } from './transport.ts';

type Source = {
  /** The next rows and where the cursor is then; undefined while the stream doesn't exist. */
  next(): readonly Row[] | undefined;
  watch(wake: () => void): () => void;
};
type Turn = (rows: readonly Row[]) => Buffer[];

/** Serves a subscription until the client or the server ends it. */
export function subscribe(engine: Engine, call: Call, request: ReadRequest): void {
  const source =
    request.stream === undefined ? allSource(engine, request) : streamSource(engine, request.stream, request);
  const show = shower(engine, request);
  const turn: Turn = request.filter ? filtered(engine, request.filter, show) : rows => rows.map(show);
  let isConfirmed = false;
  let caughtUp = false;
  function step(): Step {
    // Of a stream that can't be subscribed to, only the error is told.
    const rows = source.next();
    const frames = rows ? turn(rows) : [];
    if (!isConfirmed) frames.unshift(confirmed(randomUUID()));
    isConfirmed = true;
    // The real server says “caught up” once, and of a stream only when that exists.
    if (rows === undefined) return { frames, more: false };
    if (rows.length > 0 && !caughtUp) return { frames, more: true };
    if (!caughtUp) frames.push(CAUGHT_UP);
    caughtUp = true;
    return { frames, more: rows.length > 0 };
  }
  call.whenClosed(source.watch(pump(call, step)));
}

/** From a position means after it; a position beyond the log means from now on, as on the real server. */
function allSource(engine: Engine, { from }: ReadRequest): Source {
  const last = engine.lastPosition();
  let next = from === 'start' ? 1 : 1 + (from === 'end' ? last : Math.min(from, last));
  return {
    next() {
      if (next > engine.lastPosition()) return [];
      const rows = engine.allForwards(next, PAGE);
      next += rows.length;
      return rows;
    },
    watch: wake => engine.watch(undefined, wake),
  };
}

/**
 * From a revision means after it; one beyond the stream's end waits for the stream to pass it. What its metadata hide
 * is passed over while history is read, not when events come in.
 */
function streamSource(engine: Engine, stream: Buffer, { from }: ReadRequest): Source {
  const name = streamName(stream);
  let next = from === 'start' ? 0 : 1 + (from === 'end' ? engine.stream(name).last : from);
  let isLive = from === 'end';
  return {
    next() {
      const stream = engine.stream(name);
      const deletion = engine.deletion(stream);
      if (!isLive) {
        if (deletion === 'hard') throw streamDeleted(name);
        if (stream.last === NO_STREAM || deletion === 'soft') return undefined;
        // When all that is there is hidden, what comes is not, though the metadata may speak of later revisions.
        next = Math.max(next, Math.min(engine.firstReadable(stream), stream.last + 1));
      }
      const rows = stream.number === undefined ? [] : engine.streamForwards(stream.number, next, PAGE);
      next += rows.length;
      isLive ||= rows.length === 0;
      // The tombstone itself is the last event that a live subscriber gets.
      if (rows.length === 0 && deletion === 'hard') throw streamDeleted(name);
      return rows;
    },
    watch: wake => engine.watch(name, wake),
  };
}

/** Lets events through, and says now and then how far it has looked, so that a quiet filter's reader can resume there. */
function filtered(engine: Engine, filter: FilterRequest, show: (row: Row) => Buffer): Turn {
  const accepts = compileFilter(filter, engine);
  let considered = 0;
  return rows => {
    const frames: Buffer[] = [];
    for (const row of rows) {
      if (accepts(row[STREAM], row[TYPE])) frames.push(show(row));
      considered++;
      if (considered < filter.checkpointInterval) continue;
      frames.push(checkpoint(row[POSITION]));
      considered = 0;
    }
    return frames;
  };
}
