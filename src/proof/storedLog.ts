/** The log as it is stored: what hashes are made of, before anything is decrypted or upcast. */
import { type EventStoreDBClient, START, streamNameFilter } from '@eventstore/db-client';
import type { StoredEvent } from '../eventstore/codec.ts';
import { lastEvent, logSource, pointOf } from '../projections/engine/eventStoreSource.ts';
import { comparePoints, type EventSource, type LogPoint } from '../projections/engine/source.ts';

export type StoredLogEvent = { readonly point: LogPoint; readonly stored: StoredEvent };
export type StoredLog = EventSource<StoredLogEvent>;

export const storedLog = (client: EventStoreDBClient): StoredLog =>
  logSource(client, async events => events.map(stored => ({ stored, point: pointOf(stored) })));

/** The position of the last event, −1 where there is none. */
export const endOfLog = async (client: EventStoreDBClient): Promise<bigint> =>
  (await storedLog(client).end())?.commit ?? -1n;

/** A part of all streams: those whose ids end with one of these digits, together with their metadata. */
export type Part = string;

export const WHOLE: Part = '0123456789abcdef';

/** Holds the events back for a while. */
export type Flow = { readonly pause: () => void; readonly resume: () => void };

/** For several who hold them back. */
function shared({ pause, resume }: Flow): Flow {
  let holding = 0;
  return {
    pause: () => {
      if (holding++ === 0) pause();
    },
    resume: () => {
      if (--holding === 0) resume();
    },
  };
}

/** The keys of persons are asked for once a batch. */
const BATCH = 1_000;

/** System events are in it where they are of Relata's streams: they may take one away. */
const patternOf = (part: Part): string =>
  `^(\\$\\$)?[a-z][A-Za-z]*-[a-z0-9-]{1,40}\\.[0-9a-f-]{35}[${part}]$`;

/**
 * Hands out a part of the log in batches, as fast as they are taken: there is no queue in between.
 * @param from after this place, or from the beginning. @param end what is beyond is not looked at.
 * @throws when the subscription fails or ends before, or the signal's reason.
 */
export async function readPart(
  client: EventStoreDBClient,
  part: Part,
  from: LogPoint | undefined,
  end: LogPoint,
  handle: (events: readonly StoredLogEvent[]) => Promise<void>,
  signal: AbortSignal,
  onReady?: (flow: Flow) => void,
): Promise<void> {
  const pattern = patternOf(part);
  const isOfPart = new RegExp(pattern);
  const last = await lastEvent(
    client,
    event => isOfPart.test(event.streamId) && comparePoints(pointOf(event), end) <= 0,
  );
  if (!last || comparePoints(last, from) <= 0) return;
  signal.throwIfAborted();
  const subscription = client.subscribeToAll({
    fromPosition: from ? { commit: from.commit, prepare: from.prepare } : START,
    filter: streamNameFilter({ regex: pattern }),
  });
  const flow = shared({ pause: () => subscription.pause(), resume: () => subscription.resume() });
  onReady?.(flow);
  const done = Promise.withResolvers<void>();
  const abort = () => done.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  let over = false;
  let batch: StoredLogEvent[] = [];
  let handling = Promise.resolve();
  const handOut = () => {
    const events = batch;
    batch = [];
    flow.pause();
    handling = handling.then(() => handle(events)).then(flow.resume);
    handling.catch(done.reject);
  };
  subscription.on('error', done.reject);
  subscription.on('end', () => done.reject(new Error('the event store ended the subscription; try again')));
  subscription.on('data', ({ event }) => {
    if (!event || over) return;
    const point = pointOf(event);
    if (comparePoints(point, last) <= 0) batch.push({ point, stored: event });
    over = comparePoints(point, last) >= 0;
    if (over || batch.length === BATCH) handOut();
    if (over) handling.then(done.resolve, done.reject);
  });
  try {
    await done.promise;
  } finally {
    over = true;
    await handling.catch(() => undefined); // why it failed is told already
    signal.removeEventListener('abort', abort);
    subscription.on('error', () => undefined); // what it reports after this concerns nobody
    subscription.unsubscribe().catch(() => undefined);
  }
}
