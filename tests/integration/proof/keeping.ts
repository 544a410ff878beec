/** Keepers on a log in memory and a real Postgres, with a clock that only tests move; ended after each test. */

import type pg from 'pg';
import { afterEach } from 'vitest';
import type { Signer } from '../../../src/proof/head.ts';
import { type Clock, type HeadEvery, keepTrees } from '../../../src/proof/keeper.ts';
import { leafEventOf, leafText, workspaceOf } from '../../../src/proof/leaf.ts';
import type { FollowedLog } from '../../support/followedLog.ts';
import type { AroundAppend, LogEvent, MemoryEventStore } from '../../support/memoryEventStore.ts';
import { WORKSPACE } from '../../support/signedLog.ts';
import { writeSide } from '../../support/writeSide.ts';

export type TestClock = Clock & { readonly advance: (ms: number) => void };

export function testClock(start = Date.parse('2026-03-31T12:00:00.000Z')): TestClock {
  let now = start;
  const waiting = new Set<{ readonly until: number; readonly resolve: () => void }>();
  return {
    now: () => new Date(now),
    wait: (ms, signal) =>
      new Promise(resolve => {
        const waiter = { until: now + ms, resolve };
        signal.addEventListener('abort', resolve as () => void, { once: true });
        if (ms <= 0) resolve();
        else waiting.add(waiter);
      }),
    advance: ms => {
      now += ms;
      for (const waiter of waiting)
        if (waiter.until <= now) {
          waiting.delete(waiter);
          waiter.resolve();
        }
    },
  };
}

export type Keeping = {
  readonly pool: pg.Pool;
  readonly store: MemoryEventStore;
  readonly followed: FollowedLog;
  readonly clock: Clock;
  readonly signer: Signer;
  readonly every?: HeadEvery;
  /** Stands around the keeper's own appends. */
  readonly around?: AroundAppend;
};

export type Keeper = {
  /** What ended it, if it wasn't asked to. */
  readonly ended: Promise<unknown>;
  readonly errors: readonly object[];
  readonly seen: readonly LogEvent[];
  readonly stop: () => Promise<void>;
};

const open = new Set<Keeper>();
afterEach(async () => {
  for (const keeper of open) await keeper.stop();
  open.clear();
});

export const MINUTES_10 = 600_000;

export function keeper({ pool, store, followed, clock, signer, around, every }: Keeping): Keeper {
  const stopping = new AbortController();
  const errors: object[] = [];
  const seen: LogEvent[] = [];
  const { dispatch } = writeSide(followed.connect(around), { workspaceId: WORKSPACE });
  const ended = keepTrees(
    {
      pool,
      log: followed.source,
      dispatch,
      signer: async () => signer,
      every: every ?? { events: 10, ms: MINUTES_10 },
      clock,
      logger: { info: () => undefined, error: (error: object) => errors.push(error) } as never,
      onHead: ({ stored }) => seen.push(stored as LogEvent),
    },
    stopping.signal,
  ).then(
    () => undefined,
    (error: unknown) => error,
  );
  const made = {
    ended,
    errors,
    seen,
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
  open.add(made);
  void store;
  return made;
}

export const headsIn = (store: MemoryEventStore): readonly LogEvent[] =>
  store.log().filter(({ type }) => type === 'TreeHeadSigned');

export const sizesIn = (store: MemoryEventStore): readonly number[] =>
  headsIn(store).map(({ data }) => (data as { size: number }).size);

export const textsIn = (store: MemoryEventStore): readonly string[] =>
  store.log().flatMap(event => (workspaceOf(event) === WORKSPACE ? [leafText(leafEventOf(event))] : []));
