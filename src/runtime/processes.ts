/** Which processes live, told apart safely: the system hands out a pid again, so a pid alone proves nothing. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isErrno } from './files.ts';

/**
 * A name for a living process that no later process with its pid shares: its start time, and the boot that it is
 * counted from. undefined when no such process lives; a zombie doesn't live.
 */
export function processIdentity(pid: number): string | undefined {
  if (process.platform !== 'linux') return identityFromPs(pid);
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name in brackets may hold spaces and brackets: fields are counted from the last one. proc(5): 3 is the
  // state, 22 the start time in ticks since boot.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return `${readProc('/proc/sys/kernel/random/boot_id')?.trim()}/${fields[19]}`;
}

/** Living processes with this command name whose working directory is `dir`. Only Linux can tell; elsewhere undefined. */
export function processesIn(dir: string, command: string): number[] | undefined {
  if (process.platform !== 'linux') return undefined;
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => workingDirectory(pid) === dir && readProc(`/proc/${pid}/comm`)?.trim() === command)
    .filter(pid => processIdentity(pid) !== undefined);
}

/** The command line as `ps` prints it, for systems without /proc; undefined when no such process lives. */
export function commandLine(pid: number): string | undefined {
  return ps(pid, 'command=');
}

/** Sends a signal; false when the process is gone already. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return false;
    throw error;
  }
}

/** Asks `condition` again and again until it holds; false when it didn't within `ms` milliseconds. */
export async function until(condition: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() > deadline) return false;
    await delay(10);
  }
}

function identityFromPs(pid: number): string | undefined {
  const line = ps(pid, 'state=,lstart=');
  return line === undefined || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
}

function ps(pid: number, columns: string): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', columns, '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line === '' ? undefined : line;
  } catch (error) {
    // ps exits with 1 when there is no such process; anything else (no ps at all) must be seen.
    if (error instanceof Error && 'status' in error && error.status === 1) return undefined;
    throw error;
  }
}

/** A process may end while it is looked at (ENOENT, ESRCH), and other users' aren't ours to see (EACCES). */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return undefined;
    throw error;
  }
}

function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return undefined;
    throw error;
  }
}
