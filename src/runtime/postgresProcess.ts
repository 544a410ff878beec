/** The running server: start and wait until it is ready, stop, and end one that outlived its Relata. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, realpath, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cannotRun, spawnOptions } from './childProcess.ts';
import { fatal } from './fatal.ts';
import { readIfThere } from './files.ts';
import { LOOPBACK } from './ports.ts';
import type { PostgresPlace } from './postgresPlace.ts';
import { commandLine, processesIn, signal, until } from './processes.ts';

/** Recovery after a crash may read some GB of write-ahead log; a server that ends is noticed at once. */
const READY_MS = 180_000;
/** A fast shutdown ends with a checkpoint, which writes what is in memory. */
const STOP_MS = 60_000;
const ABORT_MS = 10_000;

export type Launch =
  | { readonly ok: true; readonly child: ChildProcess }
  /** `reason` is the log's last word on it. */
  | { readonly ok: false; readonly reason: string };

/** Starts the server and waits until it takes connections. The log goes straight to a file: it outlives us. */
export async function launch(
  place: PostgresPlace,
  program: string,
  port: number,
  logFile: string,
): Promise<Launch> {
  const log = await open(logFile, 'a', 0o600);
  const from = (await log.stat()).size;
  try {
    const child = spawn(
      program,
      [
        '-D',
        place.cluster,
        '-p',
        String(port),
        '-c',
        `listen_addresses=${LOOPBACK}`,
        '-c',
        'unix_socket_directories=',
      ],
      { ...spawnOptions(place), stdio: ['ignore', log.fd, log.fd] },
    );
    let failure: unknown;
    child.on('error', error => {
      failure = error;
    });
    const ready = await until(
      async () => failure !== undefined || ended(child) || (await isReady(place.cluster, child.pid)),
      READY_MS,
    );
    if (failure !== undefined) throw cannotRun(program, failure);
    if (ready && !ended(child)) return { ok: true, child };
    if (!ready) await stop(child);
    return {
      ok: false,
      reason: ready ? await lastWord(logFile, from) : `it wasn't ready within ${READY_MS / 1000} s`,
    };
  } finally {
    await log.close();
  }
}

/** Fast shutdown: open transactions are rolled back, everything is written, then it ends. */
export async function stop(child: ChildProcess): Promise<void> {
  if (ended(child)) return;
  const exit = once(child, 'exit');
  child.kill('SIGINT');
  if (await within(exit, STOP_MS)) return;
  child.kill('SIGQUIT'); // without a checkpoint; the next start recovers from the write-ahead log
  if (await within(exit, ABORT_MS)) return;
  throw fatal(
    'POSTGRES_STOP',
    `Postgres (process ${child.pid}) doesn't end; end it yourself before Relata starts again.`,
  );
}

export function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/**
 * A Postgres lives on when its Relata was killed. It is ended before a new one starts: on its port and with its
 * settings it would be somebody's guess, and two on one folder would destroy it. The caller holds the data folder's
 * lock, so it is no living Relata's.
 *
 * @returns whether there was one.
 */
export async function stopStale(cluster: string): Promise<boolean> {
  const pidFile = join(cluster, 'postmaster.pid');
  const postmaster = Number((await readIfThere(pidFile))?.toString().split('\n')[0] ?? 0);
  const dir = await realpath(cluster);
  const alive = () => serversOn(dir, postmaster);
  const found = alive();
  if (found.length > 0) {
    if (found.includes(postmaster)) signal(postmaster, 'SIGINT');
    // Without a postmaster its children end by themselves, as soon as they notice.
    if (!(await until(() => alive().length === 0, STOP_MS)))
      for (const pid of alive()) signal(pid, 'SIGQUIT');
    if (!(await until(() => alive().length === 0, ABORT_MS))) {
      throw fatal(
        'POSTGRES_STALE',
        `A Postgres from an earlier run (process ${alive().join(', ')}) still uses ${cluster} and doesn't end; end it, then start again.`,
      );
    }
  }
  // Its pid may be another process's by now (always so in a restarted container), and Postgres would refuse to start.
  await rm(pidFile, { force: true });
  return found.length > 0;
}

/** Linux: every server process works in the cluster's folder. Elsewhere the postmaster's command line has to do. */
function serversOn(dir: string, postmaster: number): number[] {
  const found = processesIn(dir, 'postgres');
  if (found !== undefined) return found;
  const command = postmaster > 0 ? commandLine(postmaster) : undefined;
  return command?.includes('postgres') && command.includes(dir) ? [postmaster] : [];
}

/** As pg_ctl does it: line 1 of postmaster.pid is the pid, line 8 the state. */
async function isReady(cluster: string, pid: number | undefined): Promise<boolean> {
  const lines = (await readIfThere(join(cluster, 'postmaster.pid')))?.toString().split('\n') ?? [];
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

async function lastWord(logFile: string, from: number): Promise<string> {
  const lines = (await readIfThere(logFile))?.subarray(from).toString().trim().split('\n') ?? [];
  const line = lines.findLast(each => /(FATAL|PANIC|ERROR):/.test(each)) ?? lines.at(-1) ?? '';
  return (
    line.replace(/^.*?(FATAL|PANIC|ERROR|LOG):\s*/, '').replace(/^\S+: /, '') || 'it ended without a word'
  );
}

async function within(event: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), ms);
  try {
    return await Promise.race([event.then(() => true), promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Old lines are dropped at a start, so that the log can't grow for ever. */
export async function trimLog(logFile: string, maxBytes: number): Promise<void> {
  const size = await stat(logFile).then(
    found => found.size,
    () => 0,
  );
  if (size > maxBytes) await rm(logFile);
}
