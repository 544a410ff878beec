/** Read calls: events of a stream or of `$all`, from somewhere, in either direction, up to a count. */
import { PAGE, pump, type Step } from './delivery.ts';
import type { Engine } from './engine.ts';
import { compileFilter } from './filters.ts';
import { shower } from './links.ts';
import type { ReadRequest } from './readRequest.ts';
import { firstRevision, lastRevision, streamNotFound } from './responses.ts';
import { NO_STREAM } from './rules.ts';
import { type PageLimit, POSITION, REVISION, type Row, STREAM, TYPE } from './store.ts';
import { type Call, OK } from './transport.ts';

type Read = ReadRequest & { readonly count: number };
/** Gives the next rows, none at the end. */
type Next = (limit: PageLimit) => readonly Row[];

/** Answers a read and ends the call. What is appended after its start isn't in it. */
export function answerRead(
  engine: Engine,
  call: Call,
  request: Read,
  failed: (error: unknown) => void,
): void {
  const { stream } = request;
  if (stream === undefined) {
    send(engine, call, request, allRows(engine, request), [], failed);
    return;
  }
  const number = engine.streamNumber(stream);
  const last = number === undefined ? NO_STREAM : engine.lastRevision(number);
  if (number === undefined || last === NO_STREAM) {
    call.send(streamNotFound(stream));
    call.end(OK);
    return;
  }
  const about = request.compatibility >= 1 ? edges(request, last) : [];
  send(engine, call, request, streamRows(engine, number, last, request), about, failed);
}

function send(
  engine: Engine,
  call: Call,
  request: Read,
  next: Next,
  afterwards: readonly Buffer[],
  failed: (error: unknown) => void,
): void {
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
    call.send(Buffer.concat([...frames, ...afterwards]));
    call.end(OK);
    return { frames: [], more: false };
  }
  pump(call, step, failed);
}

function allRows(engine: Engine, { backwards, from }: Read): Next {
  const last = engine.lastPosition();
  if (backwards) {
    // Backwards a position is exclusive: it is the edge after which nothing is read.
    const start = from === 'start' ? 0 : from === 'end' ? last : Math.min(from - 1, last);
    return descending(start, POSITION, engine.allBackwards);
  }
  const start = from === 'start' ? 1 : from === 'end' ? last + 1 : Math.max(1, from);
  return ascending(start, last, POSITION, engine.allForwards);
}

function streamRows(engine: Engine, stream: number, last: number, { backwards, from }: Read): Next {
  if (backwards) {
    const start = from === 'start' ? 0 : from === 'end' ? last : Math.min(from, last);
    return descending(start, REVISION, (at, limit) => engine.streamBackwards(stream, at, limit));
  }
  const start = from === 'start' ? 0 : from === 'end' ? last + 1 : from;
  return ascending(start, last, REVISION, (at, limit) => engine.streamForwards(stream, at, limit));
}

type Column = typeof POSITION | typeof REVISION;
type Pages = (from: number, limit: PageLimit) => readonly Row[];

function ascending(start: number, end: number, column: Column, pages: Pages): Next {
  let from = start;
  return limit => {
    const rows = from > end ? [] : pages(from, { ...limit, rows: Math.min(limit.rows, end - from + 1) });
    from = (rows.at(-1)?.[column] ?? end) + 1;
    return rows;
  };
}

function descending(start: number, column: Column, pages: Pages): Next {
  const lowest = column === POSITION ? 1 : 0;
  let from = start;
  return limit => {
    const rows = from < lowest ? [] : pages(from, limit);
    from = (rows.at(-1)?.[column] ?? lowest) - 1;
    return rows;
  };
}

/** What newer clients are also told: where the stream begins if a forward read found nothing, and where it ends. */
function edges({ backwards, from }: Read, last: number): Buffer[] {
  const beyond = !backwards && typeof from === 'number' && from > last;
  return beyond ? [firstRevision(last + 1), lastRevision(last)] : [lastRevision(last)];
}
