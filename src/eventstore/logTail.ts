/**
 * The end of the log in memory: one subscription for all who follow it, and what it brought last, as stored.
 *
 * Invariant: while there is a window, it holds every event after `from` that the subscription has brought, in order. So
 * whoever stands at `from` or later finds here what comes next, and everybody else reads the log. When the subscription
 * breaks, the window is gone; the next one begins at what is the end of the log then.
 */
import { comparePlaces, type EventLog, LOG_START, type LoggedEvent, type Place } from './log.ts';

export type LogTail = {
  /** Keeps the subscription going while somebody follows. @returns how to stop following. */
  readonly open: () => () => void;
  /** Up to `max` events after the place; nothing where it lies before what is in memory. */
  readonly since: (place: Place, max: number) => readonly LoggedEvent[] | undefined;
  /** Moves with everything that may be news to a follower. To be asked before looking for events. */
  readonly beat: () => number;
  /** Resolves once the beat is another one, or the signal aborts. */
  readonly changed: (beat: number, signal: AbortSignal) => Promise<void>;
  /** Moves when the log is heard anew: it may be another one. */
  readonly connections: () => number;
  readonly close: () => void;
};

export type TailOptions = {
  readonly log: EventLog;
  /** Between two attempts to hear the log. */
  readonly wait: (attempt: number, signal: AbortSignal) => Promise<void>;
  readonly onTrouble: (error: unknown) => void;
  readonly size: number;
};

type Window = { from: Place; events: LoggedEvent[] };

export function createLogTail({ log, wait, onTrouble, size }: TailOptions): LogTail {
  const waiting = new Set<() => void>();
  let window: Window | undefined;
  let followers = 0;
  let running: AbortController | undefined;
  let beat = 0;
  let connections = 0;
  let stirring = false;

  const stir = () => {
    beat += 1;
    if (stirring) return;
    stirring = true;
    setImmediate(() => {
      stirring = false;
      for (const wake of waiting) wake();
    });
  };

  const push = (onto: Window, event: LoggedEvent) => {
    onto.events.push(event);
    if (onto.events.length >= 2 * size) {
      const dropped = onto.events.splice(0, onto.events.length - size);
      onto.from = dropped.at(-1)?.position ?? onto.from;
    }
    stir();
  };

  /** Resolves when the server has ended the subscription, or the signal aborts. @throws when it has failed. */
  const listen = async (signal: AbortSignal): Promise<void> => {
    const from = (await log.last())?.position ?? LOG_START;
    if (signal.aborted) return;
    const mine: Window = { from, events: [] };
    const over = Promise.withResolvers<void>();
    const end = log.listen(from, {
      event: event => push(mine, event),
      over: error => (error === undefined ? over.resolve() : over.reject(error)),
    });
    signal.addEventListener('abort', () => over.resolve(), { once: true });
    window = mine;
    connections += 1;
    stir();
    try {
      await over.promise;
    } finally {
      end();
      if (window === mine) window = undefined;
    }
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const before = connections;
      await listen(signal).catch(onTrouble);
      if (connections > before) attempt = 0;
      if (!signal.aborted) await wait(attempt, signal);
    }
  };

  const stop = () => {
    running?.abort();
    running = undefined;
    window = undefined;
  };

  return {
    open: () => {
      followers += 1;
      if (!running) {
        running = new AbortController();
        run(running.signal);
      }
      let open = true;
      return () => {
        if (!open) return;
        open = false;
        followers -= 1;
        if (followers === 0) stop();
      };
    },
    since: (place, max) => {
      if (!window || comparePlaces(place, window.from) < 0) return undefined;
      const first = window.events.findLastIndex(({ position }) => comparePlaces(position, place) <= 0) + 1;
      return window.events.slice(first, first + max);
    },
    beat: () => beat,
    changed: (seen, signal) => {
      if (seen !== beat || signal.aborted) return Promise.resolve();
      return new Promise(resolve => {
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener('abort', wake);
      });
    },
    connections: () => connections,
    close: stop,
  };
}
