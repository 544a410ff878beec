/**
 * One running instance a data folder: the lock that keeps a second one out, and the note (`run.json`) by which
 * commands find the first.
 *
 * The lock is SQLite's own lock on a file. The kernel frees it the moment its process ends, however it ends, so
 * there is no stale lock to judge, no race between two who judge it, and no pid that another process got since.
 */
import { rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { fatal } from './fatal.ts';
import { isErrno, readIfThere, writeWhole } from './files.ts';
import { layout } from './layout.ts';
import { processIdentity, until } from './processes.ts';

const SQLITE_BUSY = 5;

export type RunningInstance = {
  readonly pid: number;
  /** Where its GraphQL API is served. */
  readonly url: string;
  /** With credentials, as are the next: the file that holds them is for its owner only. */
  readonly eventStoreUrl: string;
  readonly postgresUrl: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
};

const RunFile = z.object({
  pid: z.int(),
  url: z.string(),
  eventStoreUrl: z.string(),
  postgresUrl: z.string(),
  startedAt: z.string(),
  processIdentity: z.string(),
});
const HolderFile = z.object({ pid: z.int(), processIdentity: z.string() });

/** Locks that are held, kept from the garbage collector: a collected database would free its lock silently. */
const held = new Set<DatabaseSync>();

/** @returns what frees the lock. @throws FatalError `ALREADY_RUNNING` naming the pid of the one that holds it. */
export async function lockDataFolder(dir: string): Promise<() => Promise<void>> {
  const paths = layout(dir);
  const lock = tryLock(paths.lock, dir);
  if (lock === undefined) {
    const pid = await holderOf(paths.holder);
    const who = pid === undefined ? 'Another process' : `Process ${pid}`;
    throw fatal(
      'ALREADY_RUNNING',
      `${who} already runs Relata on the data folder ${dir}; stop it first, or set RELATA_DATA_DIR to another folder.`,
    );
  }
  held.add(lock);
  const release = async () => {
    await rm(paths.holder, { force: true });
    held.delete(lock);
    lock.close();
  };
  try {
    await writeWhole(paths.holder, JSON.stringify(ourselves()));
    await rm(paths.run, { force: true }); // left by one that was killed
  } catch (error) {
    await release();
    throw error;
  }
  return release;
}

/** Tells commands where this instance is. To be called once it is ready to be used. */
export async function announceInstance(dir: string, instance: Omit<RunningInstance, 'pid'>): Promise<void> {
  await writeWhole(layout(dir).run, JSON.stringify({ ...ourselves(), ...instance }), 0o600);
}

export async function withdrawInstance(dir: string): Promise<void> {
  await rm(layout(dir).run, { force: true });
}

/**
 * The instance that runs on this data folder and is ready, or undefined. A note whose process has ended, also when
 * another has its pid since, counts as none.
 */
export async function readRunningInstance(dataDir: string): Promise<RunningInstance | undefined> {
  const path = layout(dataDir).run;
  const text = await readIfThere(path).catch((cause: unknown) => {
    if (!isErrno(cause, 'EACCES')) throw cause;
    throw fatal(
      'RUN_FILE_UNREADABLE',
      `${path} belongs to another user; run this command as the user that started Relata.`,
      cause,
    );
  });
  if (text === undefined) return undefined;
  const { processIdentity: identity, ...instance } = RunFile.parse(JSON.parse(text.toString()));
  return processIdentity(instance.pid) === identity ? instance : undefined;
}

function ourselves() {
  return { pid: process.pid, processIdentity: processIdentity(process.pid) };
}

/** undefined when another process, or this one, has it already. */
function tryLock(path: string, dir: string): DatabaseSync | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('PRAGMA journal_mode = MEMORY'); // nothing is ever written: no file beside it, and none to recover
    database.exec('BEGIN IMMEDIATE');
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof Error && 'errcode' in cause && (Number(cause.errcode) & 0xff) === SQLITE_BUSY)
      return undefined;
    throw fatal(
      'DATA_FOLDER_UNUSABLE',
      `The data folder ${dir} can't be written; correct its rights, or set RELATA_DATA_DIR to another folder.`,
      cause,
    );
  }
}

/** The holder writes its pid just after it has got the lock, so a reader may have to wait for an instant. */
async function holderOf(path: string): Promise<number | undefined> {
  let pid: number | undefined;
  await until(async () => {
    const text = await readIfThere(path);
    if (text === undefined) return false;
    const holder = HolderFile.parse(JSON.parse(text.toString()));
    if (processIdentity(holder.pid) === holder.processIdentity) pid = holder.pid;
    return pid !== undefined;
  }, 1_000);
  return pid;
}
