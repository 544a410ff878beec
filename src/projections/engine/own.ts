/**
 * What the owner of the lease does: takes the builds, lets the live group follow the log and the others come level
 * with it and join, until the subscription ends or something fails. Whatever it keeps in memory is made anew the next
 * time, from what is stored.
 */
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Instant } from '../../domain/kernel/values.ts';
import type { Position } from '../../eventstore/envelope.ts';
import type { ReadModel } from '../readModel.ts';
import { activate, inTransaction, withClient } from './activate.ts';
import { backOff } from './backOff.ts';
import { type Build, dropRetired, readBuilds, takeBuilds } from './builds.ts';
import { cleanUpAfterErasures, repeatErasures } from './cleanUp.ts';
import { failureOf } from './failure.ts';
import { followLive, followUntilJoined, type Run } from './follow.ts';
import { type Group, type LiveGroup, type Member, mutex } from './group.ts';
import { healParked } from './heal.ts';
import { clockPoint, type Level, levelsOf, visiblePositionOf } from './levels.ts';
import { parkedBySchema } from './parkedTable.ts';
import type { Parked } from './parking.ts';
import { openSession } from './session.ts';
import { comparePoints, type ProjectedLog } from './source.ts';
import { switchOver } from './switchOver.ts';

export type Ownership = {
  readonly pool: pg.Pool;
  readonly source: ProjectedLog;
  readonly models: readonly ReadModel[];
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly token: string;
  readonly signal: AbortSignal;
  readonly onMoved: (live: LiveGroup, building: readonly Group[]) => void;
  readonly onBatch?: Run['onBatch'];
  /** Handed a function that takes up what was asked for meanwhile: builds, and parked rows to be tried again. */
  readonly onReady: (look: () => Promise<void>) => void;
};

/** Runs until the subscription has ended cleanly or the signal aborts. @throws whatever fails. */
export async function own(ownership: Ownership): Promise<void> {
  const { pool, models, token, onMoved } = ownership;
  await withClient(pool, dropRetired);
  await repeatErasures(pool);
  const readAndTake = () => inTransaction(pool, client => takeBuilds(client, models, token));
  const builds = await readAndTake();
  const live = await openLive(pool, builds);
  const building: Group[] = [];
  const taken = new Set<string>();
  const tasks = taskGroup(ownership.signal);
  const run: Run = {
    ...ownership,
    signal: tasks.signal,
    moved: () => onMoved(live, building),
    onParked: (member, parked) => tellParked(ownership.logger, member, parked),
  };
  const visibleAt = (commit: Position) => visiblePositionOf(live, builds, commit);

  const take = async (found: readonly Build[], level: (level: Level) => Promise<void>) => {
    for (const each of levelsOf(
      found.filter(({ schema }) => !taken.has(schema)),
      models,
      await parkedBySchema(pool),
    )) {
      for (const { build } of each.members) taken.add(build.schema);
      await level(each);
    }
  };
  const build = async ({ members, point }: Level) => {
    const group: Group = {
      members,
      point,
      folded: point,
      session: await openSession(pool),
      exclusive: mutex(),
    };
    building.push(group);
    tasks.run(async () => {
      try {
        await comeLevel(run, group, live, ownership);
      } catch (error) {
        // The builds that are shown go on without it; it is tried again by the next owner.
        if (failureOf(error)?.code !== 'TOO_MANY_PARKED' || isLive(group, live)) throw error;
        ownership.logger.error({ code: 'TOO_MANY_PARKED', models: namesOf(group) }, 'a build was given up');
        return;
      } finally {
        await group.session.close();
      }
      building.splice(building.indexOf(group), 1);
      run.moved();
    });
  };

  tasks.run(() => cleanUpAfterErasures({ ...ownership, signal: tasks.signal }));
  let following: Promise<void> | undefined;
  try {
    await take(builds, async level => {
      if (comparePoints(level.point, live.point) !== 0) return build(level);
      live.members = [...live.members, ...level.members];
      const hidden = level.members.filter(({ shown }) => !shown);
      // At a first start every build and the clock have read nothing: they follow the log together from its beginning.
      if (level.point === undefined) await activate(pool, level, token);
      else if (hidden.length > 0) tasks.run(() => switchOver(run, hidden, live));
    });
    following = followLive(run, live, visibleAt);
    const healer = { ...ownership, visibleAt };
    tasks.run(() => healParked(healer, live, 'unreadable', tasks.signal));
    ownership.onReady(async () => {
      await healParked(healer, live, 'asked', tasks.signal).catch(tasks.fail);
      run.moved();
      const asked = (await readBuilds(pool)).some(
        ({ schema, status }) => status === 'building' && !taken.has(schema),
      );
      if (asked) await take(await readAndTake(), build);
    });
    await Promise.race([following, tasks.failed]);
  } finally {
    // All of it writes through the live group's session, or waits for it.
    await Promise.allSettled([tasks.stop(), following]);
    await live.session.close();
  }
}

/** Resolves once the group is shown, or the signal aborts. */
async function comeLevel(run: Run, group: Group, live: LiveGroup, { logger }: Ownership): Promise<void> {
  for (let attempt = 0; !(await followUntilJoined(run, group, live)); attempt++) {
    if (run.signal.aborted) return;
    await backOff(attempt, run.signal);
  }
  await switchOver(run, group.members, live);
  if (run.signal.aborted) return;
  logger.info(
    { models: namesOf(group), position: String(live.point?.commit ?? -1) },
    'read models built and switched',
  );
}

const namesOf = ({ members }: Group) => members.map(({ model }) => model.name);
const isLive = ({ members }: Group, live: LiveGroup) => members.some(member => live.members.includes(member));

/** Once for each: what has happened is told, and how much of it there is says the status. Reasons are in the table. */
function tellParked(logger: Ownership['logger'], { model, build }: Member, parked: readonly Parked[]): void {
  for (const { scope, workspaceId, stream, revision, type, position, code } of parked)
    logger.error(
      {
        code,
        model: model.name,
        build: build.schema,
        scope,
        workspaceId,
        stream,
        revision,
        type,
        position: String(position),
      },
      'parked',
    );
}

async function openLive(pool: pg.Pool, builds: readonly Build[]): Promise<LiveGroup> {
  const { rows } = await pool.query<{ maximum: Date | null }>(
    'SELECT max(recorded_at) AS maximum FROM relata.log_clock',
  );
  const maximum: Instant | undefined = rows[0]?.maximum?.toISOString();
  const point = clockPoint(builds);
  return {
    members: [],
    point,
    folded: point,
    clock: { maximum, stored: maximum },
    caughtUp: false,
    session: await openSession(pool),
    exclusive: mutex(),
  };
}

/** Work that goes on beside; the first failure is told, and stopping waits for all. */
function taskGroup(outer: AbortSignal) {
  const stop = new AbortController();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined); // it may come when nobody waits for it any more
  const running = new Set<Promise<void>>();
  return {
    signal: AbortSignal.any([outer, stop.signal]),
    failed: failed.promise,
    fail: failed.reject,
    run: (work: () => Promise<void>) => {
      const task = work().catch(failed.reject);
      running.add(task);
      task.finally(() => running.delete(task));
    },
    stop: async () => {
      stop.abort();
      await Promise.all(running);
    },
  };
}
