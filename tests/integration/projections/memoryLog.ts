/** A log in memory, that subscriptions can be cut from, and that can be exchanged for another. */
import { randomUUID } from 'node:crypto';
import type { RecordedEvent } from '../../../src/eventstore/envelope.ts';
import { type FeedQueue, feedQueue } from '../../../src/projections/engine/feed.ts';
import {
  comparePoints,
  type Decoded,
  type LogEvent,
  type ProjectedLog,
} from '../../../src/projections/engine/source.ts';
import { recorded } from '../../support/recorded.ts';

export type NewTestEvent = Partial<RecordedEvent> & Pick<RecordedEvent, 'type' | 'aggregateId'>;

export type MemoryLog = {
  readonly source: ProjectedLog;
  readonly append: (...events: readonly NewTestEvent[]) => bigint;
  readonly appendRaw: (decoded: Exclude<Decoded, { kind: 'event' }>) => bigint;
  /** Nobody can read it until the log is mended. */
  readonly appendUnreadable: (event: NewTestEvent) => bigint;
  readonly mend: () => void;
  readonly events: () => readonly RecordedEvent[];
  /** Ends every running subscription as a server does that is shut down. */
  readonly cut: () => void;
  readonly fail: (error: Error) => void;
  /** As an older backup of itself. */
  readonly truncate: (length: number) => void;
  readonly subscriptions: () => number;
};

/** `perPush` events arrive at once; the rest when the queue asks for more. */
export function memoryLog(category = 'thing'): MemoryLog {
  let log: LogEvent[] = [];
  const readers = new Set<{ queue: FeedQueue<LogEvent>; at: number; paused: boolean }>();
  const revisions = new Map<string, number>();
  const unreadable = new Map<LogEvent, RecordedEvent>();
  let subscriptions = 0;
  const pump = () => {
    for (const reader of readers)
      while (!reader.paused) {
        const event = log[reader.at];
        if (!event) break;
        reader.at += 1;
        reader.queue.push(event);
      }
  };
  const add = (decode: (position: bigint, id: string) => Decoded): bigint => {
    const position = (log.at(-1)?.point.commit ?? 0n) + 100n;
    const eventId = randomUUID();
    log.push({ point: { commit: position, prepare: position, eventId }, decoded: decode(position, eventId) });
    return position;
  };
  const recordedAt = (event: NewTestEvent, position: bigint, id: string): RecordedEvent => {
    const of = event.category ?? category;
    const workspaceId = event.workspaceId ?? 'default';
    const stream = `${of}-${workspaceId}.${event.aggregateId}`;
    const revision = event.revision ?? (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    return recorded({ ...event, id, stream, category: of, workspaceId, revision, position });
  };
  return {
    source: {
      subscribe: after => {
        subscriptions += 1;
        const reader = {
          at: log.filter(({ point }) => after && comparePoints(point, after) <= 0).length,
          paused: false,
          queue: feedQueue<LogEvent>({
            pause: () => {
              reader.paused = true;
            },
            resume: () => {
              reader.paused = false;
              setImmediate(pump);
            },
            close: () => readers.delete(reader),
          }),
        };
        readers.add(reader);
        setImmediate(pump);
        const { take, whole, close } = reader.queue.feed;
        return { take, whole: async max => whole(max), close };
      },
      idAt: async point => log.find(event => comparePoints(event.point, point) === 0)?.point.eventId,
      stream: async name =>
        log.flatMap(({ decoded, point: { commit: position, eventId } }) => {
          const of =
            decoded.kind === 'event'
              ? decoded.event.stream
              : decoded.kind === 'foreign'
                ? ''
                : decoded.stream;
          return of === name ? [{ position, eventId, decoded }] : [];
        }),
      end: async () => log.at(-1)?.point,
    },
    append: (...events) => {
      let position = -1n;
      for (const event of events)
        position = add((at, id) => ({ kind: 'event', event: recordedAt(event, at, id) }));
      setImmediate(pump);
      return position;
    },
    appendRaw: decoded => {
      const position = add(() => decoded);
      setImmediate(pump);
      return position;
    },
    appendUnreadable: event => {
      let whole: RecordedEvent | undefined;
      const position = add((at, id) => {
        whole = recordedAt(event, at, id);
        const { stream, revision, type } = whole;
        return { kind: 'undecodable', stream, revision, type, reason: 'unknown event type' };
      });
      const last = log.at(-1);
      if (last && whole) unreadable.set(last, whole);
      setImmediate(pump);
      return position;
    },
    mend: () => {
      log = log.map(each => {
        const event = unreadable.get(each);
        return event ? { ...each, decoded: { kind: 'event', event } } : each;
      });
      unreadable.clear();
    },
    events: () => log.flatMap(({ decoded }) => (decoded.kind === 'event' ? [decoded.event] : [])),
    cut: () => {
      for (const { queue } of readers) queue.end();
      readers.clear();
    },
    fail: error => {
      for (const { queue } of readers) queue.fail(error);
      readers.clear();
    },
    truncate: length => {
      log = log.slice(0, length);
    },
    subscriptions: () => subscriptions,
  };
}
