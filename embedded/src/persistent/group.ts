/**
 * A group's state: which of its events wait, which are with a consumer, which wait to be sent again, and how far all
 * of them are done. Pure: time comes in as a parameter (milliseconds), what is to be done goes out by `effects`.
 *
 * Every event that was added is in exactly one place (buffer, retries, in flight, being parked) until it is acked,
 * skipped or parked; the checkpoint never passes one that is in any of them. So nothing is lost, also over a restart.
 */
import type { Consumer, Strategy } from './strategies.ts';

export type GroupSettings = {
  /** How often an event is sent again before it is parked. */
  readonly maxRetryCount: number;
  /** Milliseconds until an unanswered event is sent again. */
  readonly messageTimeout: number;
  /** Milliseconds between checkpoints; 0: only `maxCheckPointCount` leads to one. */
  readonly checkPointAfter: number;
  /** Events since the last checkpoint that a checkpoint by time needs. */
  readonly minCheckPointCount: number;
  /** Events since the last checkpoint that lead to one at once. */
  readonly maxCheckPointCount: number;
  /** Events that wait in memory. */
  readonly historyBufferSize: number;
  readonly readBatchSize: number;
};

/** An event as the group sees it. */
export type Entry<Event> = {
  /** By which it is answered. Two events may have the same: the second waits until the first is done. */
  readonly id: string;
  /** In its source; gives the order. */
  readonly position: number;
  /** For the pinned strategies. */
  readonly key: string;
  readonly event: Event;
};

export type Message<Event> = Entry<Event> & {
  readonly retryCount: number;
  /** Counts what was read; undefined for a replayed event, which had its place in the order before it was parked. */
  readonly sequence: number | undefined;
  /** The checkpoint that is true as long as this event isn't done. */
  readonly before: number | undefined;
};

export type Effects<Event, C> = {
  deliver(consumer: C, message: Message<Event>): void;
  /** The consumer has room for another, whatever became of this one. */
  release(consumer: C, message: Message<Event>): void;
  /** To be kept elsewhere; `parked` or `notParked` follows. */
  park(message: Message<Event>, reason: string): void;
  /** All up to this position is done. */
  checkpoint(position: number): void;
  /** No replayed event is left. */
  replayed(): void;
};

export type NackAction = 'unknown' | 'park' | 'retry' | 'skip' | 'stop';

type Flight<Event, C> = {
  readonly message: Message<Event>;
  readonly consumer: C;
  readonly expires: number;
};

export type Group<Event, C extends Consumer> = ReturnType<typeof createGroup<Event, C>>;

/** `checkpoint`: the position that was reached before; undefined for a group that begins. */
export function createGroup<Event, C extends Consumer>(
  settings: GroupSettings,
  strategy: Strategy<C>,
  checkpoint: number | undefined,
  effects: Effects<Event, C>,
) {
  let buffer: Message<Event>[] = [];
  let retries: Message<Event>[] = [];
  /** By id, in the order of their expiry. */
  const inFlight = new Map<string, Flight<Event, C>>();
  /** Read and not done, by sequence, so that the first is the lowest. */
  const open = new Map<number, Message<Event>>();
  let replaying = 0;
  /** How many were read (or passed by a filter), and the last one's position. */
  let read = { count: 0, position: checkpoint };
  let checkpointed = { count: 0, at: Number.NEGATIVE_INFINITY };

  function push(now: number): void {
    retries = offer(retries, now);
    buffer = offer(buffer, now);
  }

  /** Gives away what consumers have room for, in order; returns what is left. */
  function offer(list: Message<Event>[], now: number): Message<Event>[] {
    const left: Message<Event>[] = [];
    for (const [index, message] of list.entries()) {
      const choice = inFlight.has(message.id) ? 'later' : strategy.choose(message.key);
      if (choice === 'full') return index === 0 ? list : [...left, ...list.slice(index)];
      if (choice === 'later') {
        left.push(message);
        continue;
      }
      choice.inFlight++;
      inFlight.set(message.id, { message, consumer: choice, expires: now + settings.messageTimeout });
      effects.deliver(choice, message);
    }
    return left;
  }

  /** Takes an event back from its consumer. */
  function land({ message, consumer }: Flight<Event, C>): Message<Event> {
    inFlight.delete(message.id);
    consumer.inFlight--;
    effects.release(consumer, message);
    return message;
  }

  function done({ sequence }: Message<Event>): void {
    if (sequence !== undefined) open.delete(sequence);
    else if (--replaying === 0) effects.replayed();
  }

  /** Before any of a later position; replayed ones come last, in the order in which they were parked. */
  function retry(message: Message<Event>): void {
    const again = { ...message, retryCount: message.retryCount + 1 };
    if (again.sequence !== undefined) open.set(again.sequence, again);
    requeue(again);
  }

  function requeue(message: Message<Event>): void {
    const isLater = (other: Message<Event>): boolean =>
      message.sequence !== undefined && (other.sequence === undefined || other.position > message.position);
    const at = retries.findIndex(isLater);
    retries.splice(at < 0 ? retries.length : at, 0, message);
  }

  function retryOrPark(message: Message<Event>): void {
    if (message.retryCount < settings.maxRetryCount) retry(message);
    else effects.park(message, `Reached retry count of ${settings.maxRetryCount}`);
  }

  function tryCheckpoint(now: number, by: 'answer' | 'clock'): void {
    const [lowest] = open.values();
    const count = lowest?.sequence ?? read.count;
    const position = lowest ? lowest.before : read.position;
    const difference = count - checkpointed.count;
    if (position === undefined || difference <= 0) return;
    const isTime =
      by === 'clock' &&
      settings.checkPointAfter > 0 &&
      now - checkpointed.at >= settings.checkPointAfter &&
      difference >= settings.minCheckPointCount;
    if (!isTime && difference < settings.maxCheckPointCount) return;
    checkpointed = { count, at: now };
    effects.checkpoint(position);
  }

  function answer(ids: readonly string[], now: number, then: (message: Message<Event>) => void): void {
    for (const id of ids) {
      const flight = inFlight.get(id);
      if (flight) then(land(flight));
    }
    tryCheckpoint(now, 'answer');
    push(now);
  }

  return {
    push,
    /** Whether another batch may be read. */
    canTake: (): boolean =>
      settings.historyBufferSize - buffer.length - retries.length > settings.readBatchSize,
    /** The next event of the source. `push` follows. */
    add(entry: Entry<Event>): void {
      const message = { ...entry, retryCount: 0, sequence: read.count, before: read.position };
      open.set(read.count, message);
      buffer.push(message);
      read = { count: read.count + 1, position: entry.position };
    },
    /** The next event of the source, which the group doesn't want. */
    skip(position: number, now: number): void {
      read = { count: read.count + 1, position };
      tryCheckpoint(now, 'answer');
    },
    /** An event between those of the source that isn't one of them. */
    pass(position: number): void {
      read = { ...read, position };
    },
    /** An event that was parked, to be tried again. `push` follows. */
    replay(entry: Entry<Event>): void {
      replaying++;
      requeue({ ...entry, retryCount: 0, sequence: undefined, before: undefined });
    },
    join(consumer: C, now: number): void {
      strategy.join(consumer);
      push(now);
    },
    /** What the consumer had not answered goes to others. */
    leave(consumer: C, now: number): void {
      strategy.leave(consumer);
      for (const flight of [...inFlight.values()]) if (flight.consumer === consumer) retry(land(flight));
      push(now);
    },
    ack: (ids: readonly string[], now: number): void => answer(ids, now, done),
    /** “stop” does what “skip” does, as on the server. */
    nack(ids: readonly string[], action: NackAction, reason: string, now: number): void {
      answer(ids, now, message => {
        if (action === 'retry' || action === 'unknown') retryOrPark(message);
        else if (action === 'park') effects.park(message, `Client explicitly NAK'ed message.\n${reason}`);
        else done(message);
      });
    },
    parked(message: Message<Event>, now: number): void {
      done(message);
      tryCheckpoint(now, 'answer');
    },
    /** It could not be kept: it is sent again. */
    notParked(message: Message<Event>, now: number): void {
      requeue(message);
      push(now);
    },
    /** To be called now and then, by the clock. */
    tick(now: number): void {
      for (const flight of [...inFlight.values()]) {
        if (flight.expires > now) break;
        retryOrPark(land(flight));
      }
      push(now);
      tryCheckpoint(now, 'clock');
    },
    counts: () => ({
      buffered: buffer.length,
      retries: retries.length,
      inFlight: inFlight.size,
    }),
  };
}
