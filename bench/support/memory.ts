/** What processes take of the machine's memory, as Linux counts it. In MB of 2^20 bytes. */
import { readdirSync, readFileSync } from 'node:fs';

/** The most that a living process has had resident so far; nothing when it is gone. */
export const peakMbOf = (pid: number): number | undefined => fieldOf(`/proc/${pid}/status`, 'VmHWM');

/** What a living process has resident now, with what it shares with others; nothing when it is gone. */
export const residentMbOf = (pid: number): number | undefined => fieldOf(`/proc/${pid}/status`, 'VmRSS');

/**
 * What a process and all below it have resident together. Pages that several of them share (Postgres's buffers, the
 * programs' code) count once in all, as each is charged its part of them.
 */
export function residentMbOfTree(pid: number): number {
  const mine = fieldOf(`/proc/${pid}/smaps_rollup`, 'Pss') ?? 0; // one that ends meanwhile has nothing any more
  return childrenOf(pid).reduce((sum, child) => sum + residentMbOfTree(child), mine);
}

const childrenOf = (pid: number): readonly number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(other => parentOf(other) === pid);

/** proc(5): the fourth field, counted from behind the name, which stands in brackets and may hold anything. */
function parentOf(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function fieldOf(path: string, name: string): number | undefined {
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(read(path) ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1_024;
}

/** A process may end while it is looked at. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
