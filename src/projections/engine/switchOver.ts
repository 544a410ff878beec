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
  let left = members;
  for (let attempt = 0; !run.signal.aborted; ) {
    const accepted = await acceptedBuilds(run.pool);
    const worse = left.filter(member => !accepted.has(member.build.schema) && isWorse(member, live));
    const better = left.filter(member => !worse.includes(member));
    if (better.length === 0 || (await live.exclusive(() => show(run, better, live)))) left = worse;
    else attempt += 1;
    if (left.length === 0) return;
    if (left === worse) await delay(HELD_MS, undefined, { signal: run.signal }).catch(() => undefined);
    else await backOff(attempt, run.signal);
  }
}

/** How often it is looked whether what holds a build back has been healed or accepted. */
const HELD_MS = 500;

/** Whether people would lose rows that they see whole now. A new version has no choice: the program is written for it. */
function isWorse({ model, build, parking }: Member, live: LiveGroup): boolean {
  if (parking.size() === 0) return false;
  const shown = live.members.find(each => each.shown && each.model.name === model.name);
  if (!shown || shown.build.version !== build.version) return false;
  return [...parking.all()].some(
    ({ scope, workspaceId, key, stream }) =>
      !shown.parking.stream(stream) && !(scope === 'row' && shown.parking.row(workspaceId, key)),
  );
}

async function acceptedBuilds(pool: pg.Pool): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ schema: string }>(
    `SELECT schema_name AS schema FROM relata.builds WHERE accept_parked`,
  );
  return new Set(rows.map(({ schema }) => schema));
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
