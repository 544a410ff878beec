import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import { type FatalError, isFatal } from '../../../src/runtime/fatal.ts';
import { stopStale } from '../../../src/runtime/postgresProcess.ts';
import type { UnixUser } from '../../../src/runtime/unixUser.ts';

export const silent = pino({ level: 'silent' });
const OWNER = fileURLToPath(new URL('./owner.ts', import.meta.url));

/** Mode 700, as mkdtemp makes it, and gone after the test. */
export async function temporaryFolder(owner?: UnixUser): Promise<string> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'relata-runtime-')));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  if (owner) await chown(dir, owner.uid, owner.gid);
  return dir;
}

/** Closes it after the test, also after a failed one; closing twice is allowed. */
export function closedAfterTest<T extends { close(): Promise<void> }>(resource: T): T {
  onTestFinished(() => resource.close());
  return resource;
}

export async function refused(promise: Promise<unknown>): Promise<FatalError> {
  try {
    await promise;
  } catch (error) {
    if (isFatal(error)) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

export async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

export async function postmasterPid(cluster: string): Promise<number> {
  return Number((await readFile(join(cluster, 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

export type Owner = {
  child: ChildProcess;
  answer: { ready?: { url: string }; refused?: { code: string; message: string } };
};

/** Runs owner.ts until it is ready or refused. After the test it is ended, and the Postgres that it left too. */
export async function startOwner(
  dir: string,
  what: 'folder' | 'postgres',
  options: { user?: UnixUser; script?: string } = {},
): Promise<Owner> {
  const child = spawn(process.execPath, [options.script ?? OWNER, dir, what], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: '/',
    env: { PATH: process.env.PATH },
    ...options.user,
  });
  onTestFinished(async () => {
    await kill(child, 'SIGKILL');
    const cluster = join(dir, 'postgres', 'data');
    if (existsSync(cluster)) await stopStale(cluster);
  });
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) return { child, answer: JSON.parse(line) as Owner['answer'] }; // owner.ts prints this
  throw new Error('the owner ended without an answer');
}

export async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}
