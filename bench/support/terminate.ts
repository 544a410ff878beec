/** Ending a program that puts its own things away. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const PATIENCE_MS = 30_000;

/** By SIGTERM. @throws when that takes too long, and it had to be killed. */
export async function terminate(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  const [code, signal] = await exited;
  clearTimeout(late);
  if (signal === 'SIGKILL')
    throw new Error(`${child.spawnargs.join(' ')} didn't stop within ${PATIENCE_MS} ms (${code})`);
}
