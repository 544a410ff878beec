/**
 * The log from a place on, for as long as somebody asks: what is there, then what comes. It is pulled: whoever is slow
 * is handed nothing that would have to be kept.
 */
import { type EventLog, type LoggedEvent, pageAfter } from '../../eventstore/log.ts';
import type { LogTail } from '../../eventstore/logTail.ts';
import { type Cursor, cursorOf, cursorUnknown, isOfLog } from './cursor.ts';

/** So many are read or handed out at once. */
const CHUNK = 200;

/** What lies behind the step before. */
export type Step = {
  readonly events: readonly LoggedEvent[];
  /** The place behind which to go on. */
  readonly through: Cursor;
  /** Told once, each time it is reached. */
  readonly atEnd: boolean;
  /** The event store does not answer; it is asked again. */
  readonly failure?: unknown;
};

export type Following = {
  readonly log: EventLog;
  readonly tail: LogTail;
  /** Between two attempts to read the log. */
  readonly wait: (attempt: number, signal: AbortSignal) => Promise<void>;
};

/** @throws `CURSOR_UNKNOWN` when the log has become another one meanwhile. */
export async function* follow(
  { log, tail, wait }: Following,
  after: Cursor,
  signal: AbortSignal,
): AsyncGenerator<Step, void> {
  const close = tail.open();
  try {
    let at = after;
    let heard = tail.connections();
    let toldEnd = false;
    for (let attempt = 0; !signal.aborted; ) {
      const beat = tail.beat();
      const connections = tail.connections();
      const step = await look(log, tail, at, connections !== heard);
      if (step.failure !== undefined) {
        yield step;
        await wait(attempt++, signal);
        continue;
      }
      attempt = 0;
      heard = connections;
      const moved = step.through !== at;
      if (moved || (step.atEnd && !toldEnd)) {
        at = step.through;
        toldEnd = step.atEnd;
        yield step;
      } else await tail.changed(beat, signal);
    }
  } finally {
    close();
  }
}

/** @param anew the log is heard anew, and may be another one. */
async function look(log: EventLog, tail: LogTail, at: Cursor, anew: boolean): Promise<Step> {
  let known = true;
  try {
    known = !anew || (await isOfLog(log, at));
    if (known) return await next(log, tail, at);
  } catch (failure) {
    return { events: [], through: at, atEnd: false, failure };
  }
  throw cursorUnknown(at);
}

async function next(log: EventLog, tail: LogTail, at: Cursor): Promise<Step> {
  const recent = tail.since(at, CHUNK);
  const { events, last, atEnd } = recent
    ? { events: recent, last: recent.at(-1), atEnd: recent.length < CHUNK }
    : await pageAfter(log, at, CHUNK);
  return { events, through: last ? cursorOf(last) : at, atEnd };
}
