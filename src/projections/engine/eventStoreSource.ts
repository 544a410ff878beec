/** The log of an EventStoreDB, through its client. */
import {
  type AllStreamRecordedEvent,
  BACKWARDS,
  END,
  type EventStoreDBClient,
  excludeSystemEvents,
  FORWARDS,
  type ReadPosition,
  START,
} from '@eventstore/db-client';
import type { Codec } from '../../eventstore/codec.ts';
import { vaultErrorOf } from '../../eventstore/personal/errors.ts';
import { projectionError } from './failure.ts';
import { feedQueue } from './feed.ts';
import type { Decoded, EventSource, Feed, LogPoint, ProjectedLog, StreamEvent } from './source.ts';

type Stored = Parameters<Codec['decode']>[0][number];
export type Decode = Codec['decode'];

/** Of a read backwards. */
const PAGE = 100;

/** Only the leader has seen every event that was ever acknowledged. */
const REQUIRES_LEADER = { requiresLeader: true } as const;

export const eventStoreSource = (client: EventStoreDBClient, decode: Decode): ProjectedLog => ({
  ...logSource(client, async events => {
    const all = await decodeAll(decode, events);
    return events.map((event, i) => ({ point: pointOf(event), decoded: all[i] as Decoded })); // one for each, in their order
  }),
  stream: name => readStream(client, decode, name),
});

type Read<E> = (events: readonly AllStreamRecordedEvent[]) => Promise<readonly E[]>;

/** Events as `read` makes them of stored ones, a batch as it is taken. */
export const logSource = <E>(client: EventStoreDBClient, read: Read<E>): EventSource<E> => ({
  subscribe: after => subscribe(client, read, after),
  idAt: point => idAt(client, point),
  end: () => lastEvent(client, ({ type }) => !type.startsWith('$')),
});

function subscribe<E>(client: EventStoreDBClient, read: Read<E>, after: LogPoint | undefined): Feed<E> {
  const subscription = client.subscribeToAll({
    fromPosition: after ? { commit: after.commit, prepare: after.prepare } : START,
    // No `checkpointReached`: the client calls it before the events ahead of it are handled.
    filter: excludeSystemEvents(),
  });
  const queue = feedQueue<AllStreamRecordedEvent>({
    pause: () => subscription.pause(),
    resume: () => subscription.resume(),
    close: () => {
      // What the client reports after this concerns nobody, and without a listener it would end the process.
      subscription.on('error', () => undefined);
      subscription.unsubscribe().catch(() => undefined);
    },
  });
  subscription.on('data', ({ event }) => {
    if (event) queue.push(event);
  });
  // The client doesn't subscribe again by itself, neither after an error nor when the server ends the call.
  subscription.on('error', queue.fail);
  subscription.on('end', queue.end);
  subscription.on('close', queue.end);
  const { take, whole, close } = queue.feed;
  return {
    take: async max => read(await take(max)),
    whole: async max => read(whole(max)),
    close,
  };
}

/**
 * The keys of persons are asked for once for all of them. What a decoder throws is said of its event, and not of the
 * subscription; but a missing key is not about one event, and so can't be parked with it.
 */
async function decodeAll(decode: Decode, events: readonly Stored[]): Promise<readonly Decoded[]> {
  const [event] = events;
  if (!event) return [];
  try {
    return await decode(events);
  } catch (error) {
    if (vaultErrorOf(error)) throw withoutKeys(error);
    if (events.length > 1) {
      const half = events.length >> 1; // halved until the event is alone
      return [
        ...(await decodeAll(decode, events.slice(0, half))),
        ...(await decodeAll(decode, events.slice(half))),
      ];
    }
    const reason = error instanceof Error ? error.message : String(error);
    const { streamId: stream, type } = event;
    return [{ kind: 'undecodable', reason, stream, revision: Number(event.revision), type }];
  }
}

/** No trying again brings back a key. The database that doesn't answer comes back by itself. */
function withoutKeys(error: unknown): unknown {
  const failure = vaultErrorOf(error);
  if (!failure) return error;
  const { vaultError: code, message } = failure;
  return code === 'KEY_MISSING' || code === 'WRAPPING_KEY_MISSING'
    ? projectionError({ code, message }, error)
    : error;
}

async function idAt(client: EventStoreDBClient, point: LogPoint): Promise<string | undefined> {
  const fromPosition = { commit: point.commit, prepare: point.prepare };
  const read = client.readAll({ fromPosition, direction: FORWARDS, maxCount: 1, ...REQUIRES_LEADER });
  const [found] = await Array.fromAsync(read); // to its end: a call that is broken off stays open
  const event = found?.event;
  return event?.position.commit === point.commit && event.position.prepare === point.prepare
    ? event.id
    : undefined;
}

async function readStream(
  client: EventStoreDBClient,
  decode: Decode,
  name: string,
): Promise<readonly StreamEvent[]> {
  const events = [];
  for await (const { event } of client.readStream(name, REQUIRES_LEADER)) if (event) events.push(event);
  const all = await decodeAll(decode, events);
  return events.map(({ id: eventId, position }, i) => ({
    position: position?.commit ?? -1n,
    eventId,
    decoded: all[i] as Decoded,
  }));
}

/** The last event that is wanted. */
export async function lastEvent(
  client: EventStoreDBClient,
  isWanted: (event: AllStreamRecordedEvent) => boolean,
): Promise<LogPoint | undefined> {
  // Reads of $all know no filter, and others may follow each other in numbers.
  let from: ReadPosition = END;
  for (;;) {
    const page = await readBack(client, from);
    const found = page.find(isWanted);
    const last = page.at(-1);
    if (found || !last) return found && pointOf(found);
    from = last.position;
  }
}

async function readBack(client: EventStoreDBClient, fromPosition: ReadPosition) {
  const read = client.readAll({ fromPosition, direction: BACKWARDS, maxCount: PAGE, ...REQUIRES_LEADER });
  const page: AllStreamRecordedEvent[] = [];
  for await (const { event } of read) if (event) page.push(event);
  return page;
}

export const pointOf = ({ id, position: { commit, prepare } }: AllStreamRecordedEvent): LogPoint => ({
  commit,
  prepare,
  eventId: id,
});
