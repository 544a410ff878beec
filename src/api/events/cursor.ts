/**
 * A place in the feed as text: `commit.prepare.mark`. The mark is the beginning of the id of the event that stands
 * there, so that another log is recognised; it is left out for events that another program may delete.
 */
import { parseStream } from '../../domain/kernel/aggregate.ts';
import {
  comparePlaces,
  type EventLog,
  LOG_START,
  type LoggedEvent,
  type Place,
} from '../../eventstore/log.ts';
import { apiError } from '../errors.ts';

export type Cursor = Place & { readonly mark?: string };

/** Before the first event, and behind the last one that there is at the moment. */
const START = 'start';
export const END = 'end';

const FORM = /^(\d{1,19})(?:\.(\d{1,19})(?:\.([0-9a-f]{8}))?)?$/;
/** EventStoreDB counts in 64 bits with a sign. */
const MOST = 2n ** 63n - 1n;

export const printCursor = ({ commit, prepare, mark }: Cursor): string =>
  commit < 0n ? START : `${commit}.${prepare}${mark === undefined ? '' : `.${mark}`}`;

/** A position, as commands answer it, means the last event of its transaction. Nothing for what is no cursor. */
export function parseCursor(text: string): Cursor | undefined {
  if (text === START) return LOG_START;
  const [, first, second, mark] = FORM.exec(text) ?? [];
  if (first === undefined) return undefined;
  const commit = BigInt(first);
  const prepare = second === undefined ? commit : BigInt(second);
  // An event is prepared before it is committed.
  if (prepare > commit || commit > MOST) return undefined;
  return { commit, prepare, ...(mark !== undefined && { mark }) };
}

export function cursorOf(event: LoggedEvent): Cursor {
  const { commit, prepare } = event.position;
  return { commit, prepare, ...(parseStream(event.streamId) && { mark: markOf(event) }) };
}

const markOf = ({ id }: LoggedEvent): string => id.slice(0, 8).toLowerCase();

/** Whether the log reaches as far, and has at that place what it had. */
export async function isOfLog(log: EventLog, { mark, ...place }: Cursor): Promise<boolean> {
  if (place.commit < 0n) return true;
  const [found] = await log.read(place, 1);
  if (found && comparePlaces(found.position, place) === 0)
    return mark === undefined || mark === markOf(found);
  if (mark !== undefined) return false;
  if (found) return true;
  const last = await log.last();
  return last !== undefined && last.position.commit >= place.commit;
}

export const cursorUnknown = (cursor: Cursor) =>
  Object.assign(
    apiError(
      `${printCursor(cursor)} is no place in this log: it ends before it, or another event stands there`,
      { code: 'CURSOR_UNKNOWN', details: { cursor: printCursor(cursor) } },
    ),
    { statusCode: 409 },
  );
