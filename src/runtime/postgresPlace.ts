/**
 * In which folder the embedded Postgres lives, and as whom it runs. For an ordinary user: in the data folder, as
 * himself. For root: as the user postgres, and where that user can't reach the data folder (a checkout under a
 * mode-700 home), under /var/lib/relata, with a pointer in the data folder by which the next start finds it.
 */
import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fatal } from './fatal.ts';
import { isErrno, readIfThere, writeWhole } from './files.ts';
import { layout } from './layout.ts';
import type { RuntimeLogger } from './log.ts';
import { SHARED_DIR } from './postgresBinaries.ts';
import { barriers, canReach, isRoot, postgresUser, type UnixUser } from './unixUser.ts';

export type PostgresPlace = {
  /** Owned by the user that runs Postgres, mode 0700; the cluster is its folder `data`. */
  readonly home: string;
  readonly cluster: string;
  /** undefined: as whom we run ourselves. */
  readonly user?: UnixUser;
};

const Pointer = z.object({ postgres: z.string() });

export async function postgresPlace(dataDir: string, logger: RuntimeLogger): Promise<PostgresPlace> {
  const paths = layout(dataDir);
  const pointer = await readIfThere(paths.postgresPointer);
  if (!isRoot()) {
    const home = pointer ? Pointer.parse(JSON.parse(pointer.toString())).postgres : paths.postgres;
    await mkdir(home, { recursive: true, mode: 0o700 });
    return { home, cluster: join(home, 'data') };
  }
  const home = pointer ? await pointedAt(dataDir, pointer) : paths.postgres;
  const owner = await ownerOfCluster(home);
  // A cluster keeps its owner: made by an ordinary user, or in a container image with other user ids.
  const user = owner !== undefined && owner.uid !== 0 ? owner : await postgresUser();
  if (!pointer && !(await letIn(user, dataDir))) return elsewhere(dataDir, user, logger);
  return prepared(home, user);
}

async function ownerOfCluster(home: string): Promise<UnixUser | undefined> {
  try {
    const { uid, gid } = await stat(join(home, 'data'));
    return { uid, gid };
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Whether the user can reach the data folder. Where the data folder itself is all that is in the way, it is opened
 * for passing through (not for listing): what is private in it has its own mode.
 */
async function letIn(user: UnixUser, dataDir: string): Promise<boolean> {
  const dir = await realpath(dataDir);
  const inTheWay = await barriers(user, dir);
  if (inTheWay.length === 0) return true;
  const { uid, mode } = await stat(dir);
  if (inTheWay.length > 1 || inTheWay[0] !== dir || uid !== 0) return false;
  await chmod(dir, (mode & 0o7777) | 0o011);
  return canReach(user, dir);
}

async function elsewhere(dataDir: string, user: UnixUser, logger: RuntimeLogger): Promise<PostgresPlace> {
  if (await ownerOfCluster(layout(dataDir).postgres)) {
    throw fatal(
      'POSTGRES_UNREACHABLE_FOLDER',
      `The user that runs Postgres can't reach ${dataDir}; let it pass through every folder above (chmod o+x), or start Relata as the folder's owner.`,
    );
  }
  const home = await freshShared(await realpath(dataDir));
  const place = await prepared(home, user);
  await writeWhole(join(home, 'owner.json'), JSON.stringify({ dataDir: await realpath(dataDir) }));
  await writeWhole(
    layout(dataDir).postgresPointer,
    JSON.stringify({ postgres: home, because: 'the user that runs Postgres cannot reach this folder' }),
  );
  logger.warn(
    { dataDir, postgres: home },
    'the user that runs postgres cannot reach the data folder: its files are kept elsewhere',
  );
  return place;
}

/** Never one that is there: it would be another data folder's, one that was deleted from the same path. */
async function freshShared(dataDir: string): Promise<string> {
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
  await mkdir(SHARED_DIR, { recursive: true, mode: 0o755 });
  for (let n = 1; ; n++) {
    const home = join(SHARED_DIR, n === 1 ? hash : `${hash}-${n}`);
    try {
      await mkdir(home, { mode: 0o700 });
      return home;
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
  }
}

/** Follows the pointer, and refuses where two data folders would share one Postgres: a copy of a folder copies it. */
async function pointedAt(dataDir: string, pointer: Buffer): Promise<string> {
  const home = Pointer.parse(JSON.parse(pointer.toString())).postgres;
  const pointerPath = layout(dataDir).postgresPointer;
  const ownerPath = join(home, 'owner.json');
  const owner = await readIfThere(ownerPath);
  if (owner === undefined) {
    throw fatal(
      'POSTGRES_FOLDER_MISSING',
      `The Postgres folder ${home} that belongs to ${dataDir} is missing; restore it from a backup, or delete ${pointerPath} to start with an empty one.`,
    );
  }
  const here = await realpath(dataDir);
  const { dataDir: there } = z.object({ dataDir: z.string() }).parse(JSON.parse(owner.toString()));
  if (there === here) return home;
  const theirs = await readIfThere(layout(there).postgresPointer);
  if (theirs?.equals(pointer)) {
    throw fatal(
      'POSTGRES_FOLDER_SHARED',
      `${dataDir} is a copy of ${there}, whose Postgres lies in ${home}; delete ${pointerPath} to give the copy an empty one of its own.`,
    );
  }
  await writeWhole(ownerPath, JSON.stringify({ dataDir: here })); // the data folder was moved
  return home;
}

/** The home belongs to the user; so does all in it, also after it was restored from a backup as root. */
async function prepared(home: string, user: UnixUser): Promise<PostgresPlace> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const cluster = join(home, 'data');
  const owners = [(await stat(home)).uid, (await ownerOfCluster(home))?.uid ?? user.uid];
  if (owners.some(uid => uid !== user.uid)) {
    for (const entry of await readdir(home, { recursive: true, withFileTypes: true })) {
      if (!entry.isSymbolicLink()) await chown(join(entry.parentPath, entry.name), user.uid, user.gid);
    }
    await chown(home, user.uid, user.gid);
  }
  return { home, cluster, user };
}
