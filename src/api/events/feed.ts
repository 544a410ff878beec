/**
 * The event feed of a workspace: pages of the log, and the log as it goes on. Invariant: whoever goes on from the
 * cursor that he was given gets each event of his filter once, in log order, in whatever portions he asks.
 */
import type { Catalog } from '../../eventstore/catalog.ts';
import { worthSendingAgain } from '../../eventstore/client.ts';
import { LOG_START, type LoggedEvent, pageAfter } from '../../eventstore/log.ts';
import { createLogTail } from '../../eventstore/logTail.ts';
import { apiError } from '../errors.ts';
import { type Cursor, cursorOf, cursorUnknown, END, isOfLog, parseCursor } from './cursor.ts';
import { type Decode, type Delivered, deliver } from './delivery.ts';
import { type Filter, filterOf, type Wanted } from './filter.ts';
import { type Following, follow } from './follow.ts';
import { wrong } from './wrong.ts';

export type FeedPage = {
  readonly events: readonly Delivered[];
  /** Behind the last event that was looked at, delivered or not. */
  readonly next: Cursor;
  /** There is no more at the moment. A page may be short, or empty, before. */
  readonly atEnd: boolean;
};

export type FeedStep = FeedPage & { readonly waitsForStore: boolean };

export type EventFeed = {
  /** @throws a coded error when the text is no cursor, or one of another log. */
  readonly place: (after: string) => Promise<Cursor>;
  /** @throws a coded error for names that are not declared. */
  readonly filter: (workspaceId: string, wanted: Wanted) => Filter;
  readonly page: (after: Cursor, filter: Filter, limit: number) => Promise<FeedPage>;
  /** Never ends by itself but for `CURSOR_UNKNOWN`; steps without events say how far it is. */
  readonly follow: (after: Cursor, filter: Filter, signal: AbortSignal) => AsyncGenerator<FeedStep, void>;
  readonly close: () => void;
};

export type FeedOptions = Pick<Following, 'log' | 'wait'> & {
  readonly catalog: Catalog;
  readonly decode: Decode;
  readonly onTrouble: (error: unknown) => void;
  /** How many events are kept in memory for those who follow. */
  readonly tailSize?: number;
};

/** Looked at for one page: a filter that fits little must not hold the request, nor the event store, for long. */
const MOST_LOOKED_AT = 5_000;
const READ_AT_ONCE = 500;
/** About as many characters of JSON in one page; one event is always delivered. */
const MOST_TEXT = 4_000_000;

export function createEventFeed(options: FeedOptions): EventFeed {
  const { log, wait, catalog, decode, onTrouble, tailSize = 1_000 } = options;
  const tail = createLogTail({ log, wait, onTrouble, size: tailSize });

  const place = async (after: string): Promise<Cursor> => {
    if (after === END) {
      const last = await log.last();
      return last ? cursorOf(last) : LOG_START;
    }
    const cursor = parseCursor(after);
    if (!cursor) throw wrong('after', 'must be start, end, a cursor that the feed gave, or a position');
    if (!(await isOfLog(log, cursor))) throw cursorUnknown(cursor);
    return cursor;
  };

  const page = async (after: Cursor, filter: Filter, limit: number): Promise<FeedPage> => {
    const wanted: LoggedEvent[] = [];
    const upTo = async (next: Cursor, atEnd: boolean) => ({
      events: await deliver(wanted, decode),
      next,
      atEnd,
    });
    let next = after;
    let text = 0;
    for (let left = MOST_LOOKED_AT; left > 0; left -= READ_AT_ONCE) {
      const { events: found, last, atEnd } = await pageAfter(log, next, READ_AT_ONCE);
      for (const each of found) {
        next = cursorOf(each);
        if (!filter(each)) continue;
        wanted.push(each);
        text += JSON.stringify(each.data ?? null).length;
        if (wanted.length === limit || text > MOST_TEXT) return upTo(next, false);
      }
      if (last) next = cursorOf(last);
      if (atEnd) return upTo(next, true);
    }
    return upTo(next, false);
  };

  /** Nothing while what is needed for it can't be had. */
  const open = (events: readonly LoggedEvent[]) =>
    deliver(events, decode).catch(error => {
      onTrouble(error);
      return undefined;
    });

  return {
    place: after => told(place(after)),
    filter: (workspaceId, wanted) => filterOf(catalog, workspaceId, wanted),
    page: (after, filter, limit) => told(page(after, filter, limit)),
    follow: async function* (after, filter, signal) {
      let before = after;
      for await (const { events, through, atEnd, failure } of follow({ log, tail, wait }, after, signal)) {
        const wanted = events.filter(filter);
        let opened = await open(wanted);
        for (let attempt = 0; !opened && !signal.aborted; opened = await open(wanted)) {
          yield { events: [], next: before, atEnd: false, waitsForStore: true };
          await wait(attempt++, signal);
        }
        if (!opened) return;
        yield { events: opened, next: through, atEnd, waitsForStore: failure !== undefined };
        before = through;
      }
    },
    close: () => tail.close(),
  };
}

/** The client's errors as the API tells them. */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!worthSendingAgain(error)) throw error;
    throw Object.assign(apiError('the event store does not answer; ask again', { code: 'UNAVAILABLE' }), {
      statusCode: 503,
      cause: error,
    });
  }
}
