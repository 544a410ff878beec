/** A level group: builds at the same place of the log, which move on together, batch by batch. */
import type { Instant } from '../../domain/kernel/values.ts';
import type { ReadModel } from '../readModel.ts';
import type { Build } from './builds.ts';
import { type Parked, type Parking, parkingOf } from './parking.ts';
import { type RowCache, rowCache } from './rowCache.ts';
import type { Session } from './session.ts';
import type { LogPoint } from './source.ts';
import { type Statements, statementsOf } from './statements.ts';

export type Member = {
  readonly model: ReadModel;
  readonly build: Build;
  readonly statements: Statements;
  readonly cache: RowCache;
  readonly parking: Parking;
  /** Whether the indexes that readers need are known to be there. */
  indexed: boolean;
  /** Whether the views show it. */
  shown: boolean;
};

export type Group = {
  members: readonly Member[];
  /** Checkpoint of all members, as stored. */
  point: LogPoint | undefined;
  /** Up to where the rows in memory are folded: the checkpoint, or one batch further. */
  folded: LogPoint | undefined;
  /** Up to here Postgres refuses something; in smaller steps it is found out what. */
  careful?: LogPoint | undefined;
  readonly session: Session;
  /** In the live group alone. */
  readonly clock?: Clock;
  /** Whoever moves the group, or waits at its place, holds this. */
  readonly exclusive: <T>(work: () => Promise<T>) => Promise<T>;
};

/** The running maximum of `recordedAt`, whose rises the live group records: as folded, and as stored. */
export type Clock = { maximum: Instant | undefined; stored: Instant | undefined };

/**
 * The group that readers see, and builds that are level with it and about to be shown. The log's clock belongs to it, so
 * there always is one.
 */
export type LiveGroup = Group & {
  readonly clock: Clock;
  /** It has come to where the log ended when it began. */
  caughtUp: boolean;
};

/** Characters of text that the rows of a group in memory may hold, shared evenly by the builds but for a span. */
export const CACHED_TEXT = 25_000_000;

export function memberOf(
  model: ReadModel,
  build: Build,
  models: number,
  parked: readonly Parked[] = [],
): Member {
  return {
    model,
    build,
    statements: statementsOf(model, build.schema),
    cache: rowCache(CACHED_TEXT / models),
    parking: parkingOf(model, parked),
    indexed: false, // an earlier Relata may have made others
    shown: build.status === 'active',
  };
}

/** Runs one piece of work after the other. */
export function mutex(): Group['exclusive'] {
  let last: Promise<unknown> = Promise.resolve();
  return work => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
}
