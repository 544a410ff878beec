/** Processes as Linux tells of them, and what they take of the machine's time. */
import { readdirSync, readFileSync } from 'node:fs';

/** The processor time of a process and all below it so far, also that of those which have ended, in milliseconds. */
export function cpuMsOfTree(pid: number): number {
  // proc(5): fields 14 to 17 are its own time and that of its ended children, in user's and in system's mode.
  const mine = statOf(pid).slice(11, 15);
  const ticks = mine.reduce((sum, each) => sum + Number(each), 0);
  return childrenOf(pid).reduce((sum, child) => sum + cpuMsOfTree(child), ticks * TICK_MS);
}

/** USER_HZ is 100 for programs on every platform that Node runs on. */
const TICK_MS = 10;

export const childrenOf = (pid: number): readonly number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(other => Number(statOf(other)[1]) === pid);

/** proc(5): the fields from the third on, behind the name, which stands in brackets and may hold anything. */
function statOf(pid: number): readonly string[] {
  const stat = readProc(`/proc/${pid}/stat`) ?? '';
  return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** A process may end while it is looked at. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
