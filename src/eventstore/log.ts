/**
 * The whole log, read page by page and heard live: events as stored, the system's own left out. What they say is for
 * the codec.
 */
import {
  BACKWARDS,
  END,
  type EventStoreDBClient,
  excludeSystemEvents,
  FORWARDS,
  type ReadPosition,
  START,
} from '@eventstore/db-client';
import type { StoredEvent } from './codec.ts';

/** A place in the log. Events of one transaction may share the commit position, never both. */
export type Place = { readonly commit: bigint; readonly prepare: bigint };

/** An event as the log has it. */
export type LoggedEvent = StoredEvent & { readonly position: Place };

export type Listener = {
  readonly event: (event: LoggedEvent) => void;
  /** Nothing comes any more; with an error where there is one. Told once, and not after it was ended. */
  readonly over: (error?: unknown) => void;
};

export type EventLog = {
  /** Up to `max` events at the place and after it, the system's among them: fewer only where the log ends. */
  readonly read: (from: Place, max: number) => Promise<readonly LoggedEvent[]>;
  /** The last event; one of the system's only where so many of them follow each other that no other is near. */
  readonly last: () => Promise<LoggedEvent | undefined>;
  /** Every event after the place, the system's left out, as it comes. @returns how to end it. */
  readonly listen: (after: Place, listener: Listener) => () => void;
};

export type Page = {
  readonly events: readonly LoggedEvent[];
  /**
   * The event behind which to go on: the last of these, or of the system's where a whole page was theirs, so that it
   * leads past them. None where nothing has come.
   */
  readonly last: LoggedEvent | undefined;
  readonly atEnd: boolean;
};

/** Before the first event. */
export const LOG_START: Place = { commit: -1n, prepare: -1n };

export const comparePlaces = (a: Place, b: Place): number => {
  const difference = a.commit - b.commit || a.prepare - b.prepare;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

export const isSystemEvent = ({ type }: Pick<LoggedEvent, 'type'>): boolean => type.startsWith('$');

/** Up to `max` events after a place. */
export async function pageAfter(log: EventLog, after: Place, max: number): Promise<Page> {
  const found = await log.read(after, max + 1); // it begins with the event at the place
  const later = found.filter(({ position }) => comparePlaces(position, after) > 0);
  const events = later.filter(event => !isSystemEvent(event));
  const atEnd = found.length <= max;
  return { events, last: events.at(-1) ?? (atEnd ? undefined : later.at(-1)), atEnd };
}

/** `$by_category` alone writes a link after each event. */
const NEAR_END = 20;

/** Only the leader has seen every event that was ever acknowledged. */
const REQUIRES_LEADER = { requiresLeader: true } as const;

export const eventLog = (client: EventStoreDBClient): EventLog => ({
  read: (from, max) => read(client, FORWARDS, positionOf(from), max),
  last: async () => {
    const latest = await read(client, BACKWARDS, END, NEAR_END);
    return latest.find(event => !isSystemEvent(event)) ?? latest[0];
  },
  listen: (after, listener) => listen(client, after, listener),
});

async function read(
  client: EventStoreDBClient,
  direction: typeof FORWARDS | typeof BACKWARDS,
  fromPosition: ReadPosition,
  maxCount: number,
): Promise<readonly LoggedEvent[]> {
  const events: LoggedEvent[] = [];
  const reading = client.readAll({ direction, fromPosition, maxCount, ...REQUIRES_LEADER });
  for await (const { event } of reading) if (event) events.push(event);
  return events;
}

function listen(client: EventStoreDBClient, after: Place, listener: Listener): () => void {
  const subscription = client.subscribeToAll({
    fromPosition: positionOf(after),
    filter: excludeSystemEvents(),
    ...REQUIRES_LEADER,
  });
  let ended = false;
  const over = (error?: unknown) => {
    if (ended) return;
    ended = true;
    listener.over(error);
  };
  subscription.on('data', ({ event }) => {
    if (event && !ended) listener.event(event);
  });
  // The client doesn't subscribe again by itself, neither after an error nor when the server ends the call. Its errors
  // stay heard for good: one that nobody hears would end the process.
  subscription.on('error', over);
  subscription.on('end', () => over());
  subscription.on('close', () => over());
  return () => {
    ended = true;
    subscription.unsubscribe().catch(() => undefined);
  };
}

const positionOf = (place: Place): ReadPosition => (place.commit < 0n ? START : place);
