/** How a group moves on: the live one for good, a building one until it is level with the live one and joins it. */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Position } from '../../eventstore/envelope.ts';
import { ensureIndexes } from './activate.ts';
import { applyBatch, checkOrder, forget, happeningIn, type Owner } from './applyBatch.ts';
import { applyBatches } from './applyBatches.ts';
import { checkLog } from './checkLog.ts';
import type { Group, LiveGroup } from './group.ts';
import { isDataError } from './refused.ts';
import { connectApart } from './session.ts';
import { comparePoints, type EventSource, type Feed, type LogEvent } from './source.ts';
import { openSpan, type Span } from './span.ts';

/** Enough to spread the cost of a transaction thin, and small enough to hold nobody up. */
export const BATCH = 1_000;

export type Run = {
  readonly pool: pg.Pool;
  readonly source: EventSource;
  readonly token: string;
  readonly signal: AbortSignal;
  /** Called when a group has moved, or has caught up. */
  readonly moved: () => void;
  /** Called with the size of each batch that the live group has taken. */
  readonly onBatch?: ((events: number) => void) | undefined;
  readonly onParked: Owner['onParked'];
};

/** Follows the log until the subscription ends. */
export async function followLive(
  run: Run,
  live: LiveGroup,
  visibleAt: (commit: Position) => Position,
): Promise<void> {
  const end = await checkLog(run.source, live.point);
  const settle = async () => {
    if (comparePoints(live.point, end) < 0) return;
    await ensureIndexes(run.pool, live.members);
    live.caughtUp = true;
  };
  await withFeed(run, live, async feed => {
    await live.exclusive(settle);
    run.moved();
    for (;;) {
      const batch = await feed.take(BATCH);
      if (batch.length === 0) return;
      const begun = performance.now();
      const sizes = [batch.length];
      const whole = async () => {
        const more = await feed.whole(BATCH);
        if (more.length > 0) sizes.push(more.length);
        return more;
      };
      await live.exclusive(async () => {
        await applyBatches(live, batch, whole, { ...run, visibleAt });
        for (const size of sizes) run.onBatch?.(size);
        await settle();
        run.moved();
      });
      if (batch.length < SMALL) await rest(performance.now() - begun, run.signal);
    }
  });
}

/**
 * A transaction costs nearly the same for one event as for fifty. So one that was small is followed by a rest as long
 * as it took: under load the next finds more, and commands get the processor in between. An event that comes to an
 * idle projector waits for nothing.
 */
const SMALL = 100;
const MOST_REST_MS = 10;

const rest = (ms: number, signal: AbortSignal): Promise<unknown> =>
  delay(Math.min(MOST_REST_MS, ms), undefined, { signal }).catch(() => undefined);

/** A crash takes back what was folded since: some seconds. */
const SPAN = 100_000;
/** A span that finds nothing more to fold isn't kept open. */
const IDLE_MS = 200;

/**
 * Follows the log up to where the live group is, never beyond, and joins it there. First in spans, without indexes; what
 * has come since these were made, batch by batch.
 * @returns whether it has joined; false when the subscription ended before, or it is to go on in smaller steps.
 */
export async function followUntilJoined(run: Run, building: Group, live: Group): Promise<boolean> {
  await checkLog(run.source, building.point);
  const client = await connectApart(run.pool);
  const span = openSpan(client, building, run);
  let joined = false;
  try {
    await withFeed(run, building, async feed => {
      let ahead: readonly LogEvent[] = [];
      while (!joined) {
        // Only as far as the live group is known to be; what has been taken beyond that is kept for the next round.
        ahead = await advance(run, building, live, ahead, span);
        if (run.signal.aborted) return;
        if (ahead.length === 0 && comparePoints(building.folded, live.point) < 0) {
          ahead = await takeNext(feed, span);
          if (ahead.length === 0) return;
          continue;
        }
        await span.commit();
        // Not while the live group waits. It goes on meanwhile, so there is more to catch up with afterwards.
        if (building.members.some(({ indexed }) => !indexed)) {
          await ensureIndexes(run.pool, building.members);
          continue;
        }
        joined = await live.exclusive(() => join(run, building, live, ahead, feed, span));
        if (!joined) return;
      }
    });
    await span.commit();
  } catch (error) {
    if (!isDataError(error)) throw error;
    building.careful = building.folded;
  } finally {
    await span.abandon();
    if (comparePoints(building.folded, building.point) !== 0) forget(building);
    await client.end();
  }
  return joined;
}

/** Whole batches while there are some; a span that would wait is ended meanwhile. */
async function takeNext(feed: Feed, span: Span): Promise<readonly LogEvent[]> {
  const whole = await feed.whole(BATCH);
  if (whole.length > 0 || span.size() === 0) return whole.length > 0 ? whole : feed.take(BATCH);
  const next = feed.take(BATCH);
  next.catch(() => undefined); // it is awaited below
  let timer: NodeJS.Timeout | undefined;
  const idle = new Promise<'idle'>(resolve => {
    timer = setTimeout(resolve, IDLE_MS, 'idle');
  });
  if ((await Promise.race([next, idle])) === 'idle') await span.commit();
  clearTimeout(timer);
  return next;
}

/** Applies what is not beyond the live group; returns the rest. */
async function advance(
  run: Run,
  building: Group,
  live: Group,
  events: readonly LogEvent[],
  span: Span,
): Promise<readonly LogEvent[]> {
  const beyond = events.findIndex(({ point }) => comparePoints(point, live.point) > 0);
  const now = beyond < 0 ? events : events.slice(0, beyond);
  const last = now.at(-1);
  if (!last) return events;
  const isFar = building.members.some(({ indexed }) => !indexed);
  if (isFar && comparePoints(now[0]?.point, building.careful) > 0) {
    checkOrder(building, now);
    await span.add(now.flatMap(happeningIn), now.length, last.point);
    if (span.size() < SPAN && !span.isFull()) return events.slice(now.length); // nothing that others could see
    await span.commit();
  } else {
    await span.commit();
    await applyBatch(building, now, { ...run, visibleAt: undefined });
  }
  run.moved();
  return events.slice(now.length);
}

/**
 * With the live group held where it is: comes level with it, and becomes part of it.
 * @returns false when the subscription has ended before.
 */
async function join(
  run: Run,
  building: Group,
  live: Group,
  taken: readonly LogEvent[],
  feed: Feed,
  span: Span,
): Promise<boolean> {
  await advance(run, building, live, taken, span);
  while (comparePoints(building.point, live.point) < 0) {
    const batch = await feed.take(BATCH);
    if (batch.length === 0) return false;
    await advance(run, building, live, batch, span); // what is beyond comes to it as one of the live group
  }
  live.members = [...live.members, ...building.members];
  return true;
}

async function withFeed(run: Run, group: Group, work: (feed: Feed) => Promise<void>): Promise<void> {
  const feed = run.source.subscribe(group.point);
  const close = () => feed.close();
  run.signal.addEventListener('abort', close, { once: true });
  if (run.signal.aborted) close();
  try {
    await work(feed);
  } finally {
    run.signal.removeEventListener('abort', close);
    feed.close();
  }
}
