/** Read calls: events of a stream or of `$all`, from somewhere, in either direction, up to a count. */
import { PAGE, pump, type Step } from './delivery.ts';
import type { Engine } from './engine.ts';
import { compileFilter } from './filters.ts';
import { shower } from './links.ts';
import { streamDeleted, streamName } from './proposals.ts';
import type { ReadRequest } from './requests.ts';
import { streamNotFound } from './responses.ts';
import { NO_STREAM } from './rules.ts';
import { OK, refusal, STATUS } from './status.ts';
import { type PageLimit, POSITION, REVISION, type Row, STREAM, TYPE } from './store.ts';
import type { Call } from './transport.ts';

type Read = ReadRequest & { readonly count: number };
/** Gives the next rows, none at the end. */
type Next = (limit: PageLimit) => readonly Row[];

/** Answers a read and ends the call. What is appended after its start isn't in it. */
export function answerRead(engine: Engine, call: Call, request: Read): void {
  if (request.stream === undefined) {
    send(engine, call, request, allRows(engine, request));
    return;
  }
  const { backwards, from, count } = request;
  // The real server reads neither no events nor forwards from the end, and says so in its own way.
  if (count === 0 || (from === 'end' && !backwards))
    throw refusal(STATUS.unknown, 'Unexpected ReadStreamResult: Error');
  const stream = engine.stream(streamName(request.stream));
  const deletion = engine.deletion(stream);
  if (deletion === 'hard') throw streamDeleted(stream.name);
  if (stream.number === undefined || stream.last === NO_STREAM || deletion === 'soft') {
    call.send(streamNotFound(request.stream));
    call.end(OK);
    return;
  }
  const span = { number: stream.number, first: engine.firstReadable(stream), last: stream.last };
  send(engine, call, request, streamRows(engine, span, request));
}

function send(engine: Engine, call: Call, request: Read, next: Next): void {
  const show = shower(engine, request);
  const accepts = request.filter ? compileFilter(request.filter, engine) : undefined;
  let remaining = request.count;
  function step(): Step {
    // A filtered read looks at whole pages: how many of them it needs isn't known.
    const rows = next(accepts ? PAGE : { ...PAGE, rows: Math.min(PAGE.rows, remaining) });
    const accepted = accepts ? rows.filter(row => accepts(row[STREAM], row[TYPE])) : rows;
    const frames = accepted.slice(0, remaining).map(show);
    remaining -= frames.length;
    if (rows.length > 0 && remaining > 0) return { frames, more: true };
    if (frames.length > 0) call.send(...frames);
    call.end(OK);
    return { frames: [], more: false };
  }
  pump(call, step);
}

function allRows(engine: Engine, { backwards, from }: Read): Next {
  const last = engine.lastPosition();
  if (backwards) {
    // Backwards a position is exclusive: it is the edge after which nothing is read.
    const start = from === 'start' ? 0 : from === 'end' ? last : Math.min(from - 1, last);
    return pages(start, 1, -1, POSITION, engine.allBackwards);
  }
  const start = from === 'start' ? 1 : from === 'end' ? last + 1 : Math.max(1, from);
  return pages(start, last, 1, POSITION, engine.allForwards);
}

/** The part of a stream that may be read. */
type Span = { readonly number: number; readonly first: number; readonly last: number };

function streamRows(engine: Engine, { number, first, last }: Span, { backwards, from }: Read): Next {
  if (backwards) {
    const start = from === 'start' ? 0 : from === 'end' ? last : Math.min(from, last);
    return pages(start, first, -1, REVISION, (at, limit) => engine.streamBackwards(number, at, limit));
  }
  const start = from === 'start' ? 0 : from === 'end' ? last + 1 : from;
  return pages(Math.max(start, first), last, 1, REVISION, (at, limit) =>
    engine.streamForwards(number, at, limit),
  );
}

type Column = typeof POSITION | typeof REVISION;

/** Pages from `start` to `end`, upwards or (`step` −1) downwards in a column that has no gaps. */
function pages(
  start: number,
  end: number,
  step: 1 | -1,
  column: Column,
  read: (from: number, limit: PageLimit) => readonly Row[],
): Next {
  let from = start;
  return limit => {
    const left = (end - from) * step + 1;
    const rows = left <= 0 ? [] : read(from, { ...limit, rows: Math.min(limit.rows, left) });
    from = (rows.at(-1)?.[column] ?? end) + step;
    return rows;
  };
}
