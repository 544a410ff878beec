/** Ports on the loopback address, kept from start to start where possible. */
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { isErrno, readIfThere, writeWhole } from './files.ts';

export const LOOPBACK = '127.0.0.1';

/**
 * The port that `name` had at its last start if it is free now, otherwise another free one. It is free when this
 * returns and nothing more: who binds it must be ready to ask again.
 */
export async function keptPort(portsDir: string, name: string): Promise<number> {
  const before = Number((await readIfThere(join(portsDir, name)))?.toString() ?? 0);
  if (before > 0 && before < 65_536 && (await isFree(before))) return before;
  return freePort();
}

/** Called once the port is really bound. */
export async function keepPort(portsDir: string, name: string, port: number): Promise<void> {
  const path = join(portsDir, name);
  if ((await readIfThere(path))?.toString() === String(port)) return;
  await mkdir(portsDir, { recursive: true });
  await writeWhole(path, String(port));
}

export async function freePort(): Promise<number> {
  return tryPort(0);
}

async function isFree(port: number): Promise<boolean> {
  try {
    await tryPort(port);
    return true;
  } catch (error) {
    if (isErrno(error, 'EADDRINUSE', 'EACCES')) return false;
    throw error;
  }
}

function tryPort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => {
      const address = server.address();
      const bound = address !== null && typeof address === 'object' ? address.port : port;
      server.close(() => resolve(bound));
    });
  });
}
