/** What processes take of the machine's memory, as Linux counts it. In MB of 2^20 bytes. */
import { childrenOf, readProc } from './processes.ts';

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

function fieldOf(path: string, name: string): number | undefined {
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readProc(path) ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1_024;
}
