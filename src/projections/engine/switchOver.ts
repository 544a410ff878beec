/**
 * Showing builds that have come level. Before that moment a build had fewer rows than the one it replaces, and a reader
 * whose transaction keeps an older snapshot would see it so through the new views. So both move on in the live group
 * until every such transaction has ended; then it makes no difference which of the two a reader meets.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { activate } from './activate.ts';
import { backOff } from './backOff.ts';
import { isLockTimeout } from './builds.ts';
import type { Run } from './follow.ts';
import type { LiveGroup, Member } from './group.ts';

/** Postgres tells nobody that a transaction has ended. */
const LOOK_MS = 50;

/** Resolves once the views show these members of the live group, or the signal aborts. */
export async function switchOver(run: Run, members: readonly Member[], live: LiveGroup): Promise<void> {
  await olderSnapshotsEnd(run);
  for (let attempt = 0; !run.signal.aborted; attempt++) {
    if (await live.exclusive(() => show(run, members, live))) return;
    await backOff(attempt, run.signal);
  }
}

/** @returns false while a reader holds a view. */
async function show({ pool, token }: Run, members: readonly Member[], live: LiveGroup): Promise<boolean> {
  try {
    await activate(pool, { members, point: live.point }, token);
  } catch (error) {
    if (isLockTimeout(error)) return false;
    throw error;
  }
  const replaced = new Set(members.map(({ model }) => model.name));
  live.members = live.members.filter(member => members.includes(member) || !replaced.has(member.model.name));
  return true;
}

/** Waits for whoever keeps a snapshot now. Those of other roles are seen only by a role that may read all statistics. */
export async function olderSnapshotsEnd({ pool, signal }: Pick<Run, 'pool' | 'signal'>): Promise<void> {
  for (let open = await snapshots(pool); open.length > 0 && !signal.aborted; ) {
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
    const still = new Set(await snapshots(pool));
    open = open.filter(transaction => still.has(transaction));
  }
}

/** The transactions that see the database as it was at some moment, each by its process and its begin. */
async function snapshots(pool: pg.Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ transaction: string }>(
    `SELECT pid || ' ' || xact_start AS transaction FROM pg_stat_activity
     WHERE datname = current_database() AND backend_xmin IS NOT NULL AND pid <> pg_backend_pid()`,
  );
  return rows.map(({ transaction }) => transaction);
}
