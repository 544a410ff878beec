/** A log in memory as the event feed reads it: with subscriptions that can be cut, and reads that can fail. */
import { randomUUID } from 'node:crypto';
import {
  comparePlaces,
  type EventLog,
  isSystemEvent,
  type Listener,
  type LoggedEvent,
  type Place,
} from '../../src/eventstore/log.ts';

export type NewLogged = {
  readonly streamId: string;
  readonly type: string;
  /** It shares the commit position of the event before it, as those of one explicit transaction do. */
  readonly sameCommit?: boolean;
  readonly metadata?: unknown;
  readonly data?: unknown;
};

export type MemoryLog = EventLog & {
  readonly append: (event: NewLogged) => LoggedEvent;
  readonly events: () => readonly LoggedEvent[];
  /** Ends what listens, as a server that shuts down does. */
  readonly cut: (error?: Error) => void;
  /** So many calls to come find no server. */
  readonly fail: (calls: number) => void;
  /** As it was after so many events. */
  readonly restore: (length: number) => void;
  readonly listeners: () => number;
  readonly reads: () => number;
};

export function memoryLog(): MemoryLog {
  const log: LoggedEvent[] = [];
  const listening = new Set<{ readonly listener: Listener; at: number }>();
  const revisions = new Map<string, bigint>();
  let failing = 0;
  let reads = 0;
  let delivering = false;

  const answer = async () => {
    await new Promise(resolve => setImmediate(resolve));
    if (failing === 0) return;
    failing -= 1;
    throw Object.assign(new Error('no server'), { type: 'unavailable' });
  };
  /** Later, as whatever comes over a network. */
  const deliver = () => {
    if (delivering) return;
    delivering = true;
    setImmediate(() => {
      delivering = false;
      for (const each of listening)
        for (let event = log[each.at]; event && listening.has(each); event = log[each.at]) {
          each.at += 1;
          if (!isSystemEvent(event)) each.listener.event(event);
        }
    });
  };
  const next = (sameCommit: boolean): Place => {
    const before = log.at(-1)?.position ?? { commit: 90n, prepare: 90n };
    return sameCommit && log.length > 0
      ? { commit: before.commit, prepare: before.prepare + 1n }
      : { commit: before.commit + 100n, prepare: before.commit + 50n };
  };

  return {
    read: async (from, max) => {
      reads += 1;
      await answer();
      return log.filter(({ position }) => comparePlaces(position, from) >= 0).slice(0, max);
    },
    last: async () => {
      await answer();
      return log.findLast(event => !isSystemEvent(event)) ?? log.at(-1);
    },
    listen: (after, listener) => {
      const mine = {
        listener,
        at: log.filter(({ position }) => comparePlaces(position, after) <= 0).length,
      };
      listening.add(mine);
      deliver();
      return () => listening.delete(mine);
    },
    append: ({ streamId, type, sameCommit = false, metadata = {}, data = {} }) => {
      const revision = (revisions.get(streamId) ?? -1n) + 1n;
      revisions.set(streamId, revision);
      const position = next(sameCommit);
      const event: LoggedEvent = {
        id: randomUUID(),
        streamId,
        revision,
        type,
        isJson: true,
        data,
        metadata,
        position,
      };
      log.push(event);
      deliver();
      return event;
    },
    events: () => log,
    cut: error => {
      for (const each of [...listening]) {
        listening.delete(each);
        each.listener.over(error);
      }
    },
    fail: calls => {
      failing = calls;
    },
    restore: length => {
      log.splice(length);
    },
    listeners: () => listening.size,
    reads: () => reads,
  };
}
