/**
 * Postgres refuses to run as root. When Relata does, Postgres runs as an ordinary user, who must be able to reach
 * the binaries and the database. An ordinary user who starts Relata runs Postgres as himself, and none of this applies.
 */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { fatal } from './fatal.ts';

export type UnixUser = { readonly uid: number; readonly gid: number };

const run = promisify(execFile);
const NAME = 'postgres';
const EXECUTE = 0o1;
const READ = 0o4;

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The user `postgres`, made when it is missing. Only root can ask for it. */
export async function postgresUser(): Promise<UnixUser> {
  const existing = await lookUp();
  if (existing) return existing;
  try {
    await run('groupadd', ['--system', '--force', NAME]);
    await run('useradd', [
      '--system',
      '--gid',
      NAME,
      '--no-create-home',
      '--home-dir',
      '/nonexistent',
      '--shell',
      '/bin/false',
      NAME,
    ]);
  } catch (cause) {
    throw noUser(cause);
  }
  const made = await lookUp();
  if (!made) throw noUser();
  return made;
}

/** Whether the user may pass through `dir` and every folder above it. */
export async function canReach(user: UnixUser, dir: string): Promise<boolean> {
  return (await barriers(user, dir)).length === 0;
}

/** The folders on the way to and including `dir` that the user may not pass through, outermost first. */
export async function barriers(user: UnixUser, dir: string): Promise<string[]> {
  const above = dirname(dir) === dir ? [] : await barriers(user, dirname(dir));
  return (await allows(user, dir, EXECUTE)) ? above : [...above, dir];
}

export async function canRead(user: UnixUser, file: string): Promise<boolean> {
  return (await allows(user, file, READ)) && (await canReach(user, dirname(file)));
}

/** By the mode bits alone: access lists are rare, and to miss one only means that another folder is used. */
async function allows(user: UnixUser, path: string, right: number): Promise<boolean> {
  const { uid, gid, mode } = await stat(path);
  const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0;
  return ((mode >> shift) & right) === right;
}

async function lookUp(): Promise<UnixUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', NAME]), run('id', ['-g', NAME])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch (error) {
    // id exits with 1 when there is no such user; a system without id must be seen.
    if (error instanceof Error && 'code' in error && error.code === 1) return undefined;
    throw noUser(error);
  }
}

function noUser(cause?: unknown) {
  return fatal(
    'POSTGRES_USER',
    `Postgres can't run as root and the user ${NAME} can't be made here; make it, start Relata as an ordinary user, or set RELATA_POSTGRES_URL.`,
    cause,
  );
}
