/** What the engine needs of a log: a subscription that waits for nobody, and the id of the event at a place. */
import type { Decoded } from '../../eventstore/codec.ts';

/** A place in the log, by commit and prepare position, and the id of the event that stands there. */
export type LogPoint = { readonly commit: bigint; readonly prepare: bigint; readonly eventId: string };

export type { Decoded };

export type LogEvent = { readonly point: LogPoint; readonly decoded: Decoded };

/** A running subscription. */
export type Feed<E = LogEvent> = {
  /**
   * What has arrived, at least one event and at most `max`; waits for the first alone. Empty once the subscription
   * has ended cleanly, or was closed. Rejects when it has failed.
   */
  readonly take: (max: number) => Promise<readonly E[]>;
  /** A batch of `max` if so many have arrived, and otherwise nothing. */
  readonly whole: (max: number) => Promise<readonly E[]>;
  readonly close: () => void;
};

/** An event of one stream. `position` is −1 where the server doesn't tell it in such reads. */
export type StreamEvent = { readonly position: bigint; readonly eventId: string; readonly decoded: Decoded };

export type EventSource<E = LogEvent> = {
  /** Every event after the place (from the beginning without one), in order. */
  readonly subscribe: (after: LogPoint | undefined) => Feed<E>;
  /** The id of the event at this place, or nothing when none begins there. */
  readonly idAt: (point: LogPoint) => Promise<string | undefined>;
  /** The last event there is now, as a subscription would deliver it. */
  readonly end: () => Promise<LogPoint | undefined>;
};

/** What a projector needs besides: single streams, to heal what is parked. */
export type ProjectedLog = EventSource & {
  /** All events of a stream, from its first on. */
  readonly stream: (name: string) => Promise<readonly StreamEvent[]>;
};

export const comparePoints = (a: LogPoint | undefined, b: LogPoint | undefined): number => {
  const [x, y] = [a ?? BEFORE_ALL, b ?? BEFORE_ALL];
  const difference = x.commit - y.commit || x.prepare - y.prepare;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

/** The checkpoint of whatever has read nothing yet. */
export const BEFORE_ALL = { commit: -1n, prepare: -1n } as const;
