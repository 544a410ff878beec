/** What lies on disk: making the cluster once, its settings, its password, its version. */
import { randomBytes } from 'node:crypto';
import { appendFile, chown, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runAs } from './childProcess.ts';
import { fatal } from './fatal.ts';
import { readIfThere, writeWhole } from './files.ts';
import type { PostgresBinaries } from './postgresBinaries.ts';
import type { PostgresPlace } from './postgresPlace.ts';

/** The bootstrap superuser. Relata itself connects as an ordinary role, as it does on a server elsewhere. */
export const SUPERUSER = 'postgres';

/**
 * Written at every start, so that they are this version's; `ALTER SYSTEM` (postgresql.auto.conf) wins over them.
 * Meant for a laptop: some hundred MB of memory, a solid-state disk, one application.
 */
const SETTINGS = {
  shared_buffers: '256MB',
  effective_cache_size: '1GB', // a guess of what the system caches; only the planner uses it
  work_mem: '16MB',
  maintenance_work_mem: '128MB', // indexes are built last when a read model is rebuilt
  random_page_cost: '1.1', // solid-state disks
  jit: 'off', // compiling costs more than our short queries take
  // Nothing is replicated or archived, and with minimal a rebuild's COPY into a table made in the same transaction
  // skips the write-ahead log.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  max_wal_size: '2GB', // fewer checkpoints during an import, some seconds of recovery after a crash
  checkpoint_timeout: '15min',
  synchronous_commit: 'on', // a checkpoint of a projection that is told as kept must be kept
  timezone: 'UTC',
  log_timezone: 'UTC',
  default_text_search_config: 'pg_catalog.simple', // no language before we know the text's
  log_line_prefix: '%m [%p] ',
  log_checkpoints: 'off', // one line every few minutes that nobody reads
  // Statements and details would carry personal data into the log; the app logs its own failures.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  password_encryption: 'scram-sha-256',
} as const;

/** Included by postgresql.conf, which is initdb's: it holds what was found out about this machine. */
const SETTINGS_FILE = 'relata.conf';
const UNFINISHED = 'data.unfinished.';

/** Only over TCP from this machine, only with the password. */
const ACCESS = 'host all all 127.0.0.1/32 scram-sha-256\n';

export async function ensureCluster(
  place: PostgresPlace,
  binaries: PostgresBinaries,
  password: string,
): Promise<void> {
  const version = (await readIfThere(join(place.cluster, 'PG_VERSION')))?.toString().trim();
  if (version === undefined) await initialise(place, binaries, password);
  else if (version !== binaries.major) {
    throw fatal(
      'POSTGRES_VERSION',
      `${place.cluster} was written by Postgres ${version} and this Relata brings Postgres ${binaries.major}; start it with the Relata version that wrote it, or set RELATA_DATA_DIR to another folder.`,
    );
  }
  const lines = Object.entries(SETTINGS).map(([name, value]) => `${name} = '${value}'`);
  const header = '# Written by Relata at every start. To change a setting use ALTER SYSTEM.\n';
  await write(place, SETTINGS_FILE, `${header}${lines.join('\n')}\n`);
  await write(place, 'pg_hba.conf', ACCESS);
}

/** Random and only ever read by programs; it is made again when it is lost (see resetPassword). */
export async function postgresPassword(path: string): Promise<string> {
  const stored = await readIfThere(path);
  if (stored !== undefined) return stored.toString().trim();
  const password = randomBytes(24).toString('base64url'); // needs no escaping in a URL, in SQL or in a file
  await writeWhole(path, password, 0o600);
  return password;
}

/** For a cluster whose password isn't the stored one: the keys were lost, or come from another backup. */
export async function resetPassword(
  place: PostgresPlace,
  binaries: PostgresBinaries,
  password: string,
): Promise<void> {
  const args = ['--single', '-D', place.cluster, 'postgres'];
  const { code, output } = await runAs(
    place,
    binaries.postgres,
    args,
    `ALTER ROLE ${SUPERUSER} PASSWORD '${password}'\n`,
  );
  if (code !== 0 || output.includes('ERROR:'))
    throw fatal(
      'POSTGRES_PASSWORD',
      `The password of the Postgres in ${place.cluster} can't be set: ${lastLine(output)}`,
    );
}

/** Made beside and renamed, so that one that was cut short isn't taken for a cluster. */
async function initialise(place: PostgresPlace, binaries: PostgresBinaries, password: string): Promise<void> {
  for (const name of await readdir(place.home)) {
    if (name.startsWith(UNFINISHED)) await rm(join(place.home, name), { recursive: true, force: true });
  }
  // A name of its own: an initdb that outlived its Relata may still write to another.
  const unfinished = join(place.home, `${UNFINISHED}${process.pid}`);
  const passwordFile = join(place.home, 'initdb.password');
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (place.user) {
    await chown(unfinished, place.user.uid, place.user.gid);
    await chown(passwordFile, place.user.uid, place.user.gid);
  }
  try {
    // Postgres's own C.UTF-8 is the same on every system and version: sorted by code point, so that no index breaks
    // when the system's collations change, and upper and lower know Unicode. Readers' languages are a matter of queries (COLLATE).
    const args = [
      '--pgdata',
      unfinished,
      '--username',
      SUPERUSER,
      '--pwfile',
      passwordFile,
      '--auth',
      'scram-sha-256',
      '--encoding',
      'UTF8',
      '--locale-provider',
      'builtin',
      '--builtin-locale',
      'C.UTF-8',
      '--locale',
      'C',
      '--no-instructions',
    ];
    // pg_trgm and text search still ask the system which characters are letters: with C only ASCII ones.
    let result = await runAs(place, binaries.initdb, [...args, '--lc-ctype', 'C.UTF-8']);
    if (result.output.includes('invalid locale name')) result = await runAs(place, binaries.initdb, args);
    if (result.code !== 0)
      throw fatal(
        'POSTGRES_INITDB',
        `The embedded Postgres can't be made in ${place.home}: ${lastLine(result.output)}`,
      );
    await appendFile(join(unfinished, 'postgresql.conf'), `include_if_exists '${SETTINGS_FILE}'\n`);
    await rename(unfinished, place.cluster);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function write(place: PostgresPlace, name: string, content: string): Promise<void> {
  const path = join(place.cluster, name);
  if ((await readIfThere(path))?.toString() === content) return;
  await writeWhole(path, content, 0o600);
  if (place.user) await chown(path, place.user.uid, place.user.gid);
}

function lastLine(output: string): string {
  const lines = output.trim().split('\n');
  return lines.findLast(line => /(error|ERROR|FATAL):/.test(line)) ?? lines.at(-1) ?? 'no reason was given';
}
