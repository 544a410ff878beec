/** The embedded Postgres: a real server on this machine, for its owner alone, kept in the data folder. */
import type { ChildProcess } from 'node:child_process';
import { mkdir, realpath } from 'node:fs/promises';
import pg from 'pg';
import { type FatalError, fatal, isFatal } from './fatal.ts';
import { layout } from './layout.ts';
import type { RuntimeLogger } from './log.ts';
import { keepPort, keptPort, LOOPBACK } from './ports.ts';
import { type PostgresBinaries, postgresBinaries } from './postgresBinaries.ts';
import { ensureCluster, postgresPassword, resetPassword, SUPERUSER } from './postgresCluster.ts';
import { type PostgresPlace, postgresPlace } from './postgresPlace.ts';
import { ended, launch, stop, stopStale, trimLog } from './postgresProcess.ts';

const DATABASE = 'relata';
/** Owns the database and is no superuser, so that nothing works here that wouldn't on a server elsewhere. */
const ROLE = 'relata';
/** For those who may read the views; what it may is said by a migration. */
const ANALYSTS = 'relata_analyst';
const LOG_MAX_BYTES = 10_000_000;
/** Another process may take the port between our look and Postgres's bind. */
const PORT_ATTEMPTS = 5;
const WRONG_PASSWORD = '28P01';

export type EmbeddedPostgres = {
  /** With the password: never log it. */
  readonly url: string;
  /** Resolves if Postgres ends without having been asked to, and never otherwise. */
  readonly exited: Promise<FatalError>;
  /** Every client must be closed before: those that are not are cut off. */
  close(): Promise<void>;
};

export type EmbeddedPostgresOptions = {
  /** The data folder. The caller holds its lock. */
  readonly dir: string;
  readonly logger: RuntimeLogger;
};

/** @throws FatalError when it can't run here, with what to do. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options);
  } catch (cause) {
    if (isFatal(cause) || !(cause instanceof Error && 'syscall' in cause)) throw cause;
    // A failed system call here is about its files: no rights, a full or read-only disk.
    throw fatal(
      'POSTGRES_START',
      `Postgres can't be started in ${options.dir} (${cause.message}); put that right, or set RELATA_POSTGRES_URL.`,
      cause,
    );
  }
}

async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { logger } = options;
  const dir = await realpath(options.dir);
  const paths = layout(dir);
  const begun = performance.now();
  await mkdir(paths.keys, { recursive: true, mode: 0o700 });
  await mkdir(paths.logs, { recursive: true, mode: 0o700 });
  await trimLog(paths.postgresLog, LOG_MAX_BYTES);
  const place = await postgresPlace(dir, logger);
  const binaries = await postgresBinaries(place.user, logger);
  const password = await postgresPassword(paths.postgresPassword);
  await ensureCluster(place, binaries, password);
  if (await stopStale(place.cluster))
    logger.warn({ cluster: place.cluster }, 'a postgres that outlived an earlier run was stopped');

  let server = await startOnSomePort(dir, place, binaries);
  try {
    if ((await prepare(server.port, password)) === 'wrong password') {
      logger.warn(
        { cluster: place.cluster },
        'postgres has another password than the stored one: it is set again',
      );
      await stop(server.child);
      await resetPassword(place, binaries, password);
      server = await startOnSomePort(dir, place, binaries);
      await prepare(server.port, password, 'alsoTheRole');
    }
    await keepPort(paths.ports, 'postgres', server.port);
  } catch (error) {
    await stop(server.child);
    throw error;
  }
  logger.info(
    { port: server.port, cluster: place.cluster, ms: Math.round(performance.now() - begun) },
    'postgres ready',
  );
  return supervise(
    server.child,
    `postgres://${ROLE}:${password}@${LOOPBACK}:${server.port}/${DATABASE}`,
    paths.postgresLog,
  );
}

function supervise(child: ChildProcess, url: string, logFile: string): EmbeddedPostgres {
  const exited = Promise.withResolvers<FatalError>();
  let closing: Promise<void> | undefined;
  const report = () => {
    const how = child.signalCode ? `by ${child.signalCode}` : `with exit code ${child.exitCode}`;
    exited.resolve(
      fatal('POSTGRES_ENDED', `Postgres ended by itself (${how}); see ${logFile}, then start Relata again.`),
    );
  };
  if (ended(child)) report();
  child.once('exit', () => {
    process.off('exit', onOurExit);
    if (!closing) report();
  });
  // A crash of ours, or process.exit, must not leave a server behind. (kill -9 does: see stopStale.)
  const onOurExit = () => child.kill('SIGINT');
  process.on('exit', onOurExit);
  return {
    url,
    exited: exited.promise,
    close: () => {
      closing ??= stop(child);
      return closing;
    },
  };
}

async function startOnSomePort(
  dir: string,
  place: PostgresPlace,
  binaries: PostgresBinaries,
): Promise<{ child: ChildProcess; port: number }> {
  const { ports, postgresLog } = layout(dir);
  for (let attempt = 1; ; attempt++) {
    const port = await keptPort(ports, 'postgres');
    const launched = await launch(place, binaries.postgres, port, postgresLog);
    if (launched.ok) return { child: launched.child, port };
    if (attempt < PORT_ATTEMPTS && /TCP\/IP socket/.test(launched.reason)) continue;
    throw fatal(
      'POSTGRES_START',
      `Postgres doesn't start: ${launched.reason} (the whole story is in ${postgresLog}).`,
    );
  }
}

/** Makes the roles and the database where they aren't there yet. */
async function prepare(
  port: number,
  password: string,
  reset?: 'alsoTheRole',
): Promise<'prepared' | 'wrong password'> {
  const client = new pg.Client({
    host: LOOPBACK,
    port,
    user: SUPERUSER,
    password,
    database: 'postgres',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined); // a server that ends is reported by its exit; the query fails as well
  try {
    await client.connect();
    const { rows } = await client.query<{ role: boolean; analysts: boolean; database: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = '${ROLE}') AS role,
              EXISTS (SELECT FROM pg_roles WHERE rolname = '${ANALYSTS}') AS analysts,
              EXISTS (SELECT FROM pg_database WHERE datname = '${DATABASE}') AS database`,
    );
    if (!rows[0]?.role)
      await client.query(`CREATE ROLE ${ROLE} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
    else if (reset) await client.query(`ALTER ROLE ${ROLE} PASSWORD ${client.escapeLiteral(password)}`);
    if (!rows[0]?.analysts)
      await client.query(`CREATE ROLE ${ANALYSTS} NOLOGIN; GRANT ${ANALYSTS} TO ${ROLE} WITH ADMIN OPTION`);
    if (!rows[0]?.database) await client.query(`CREATE DATABASE ${DATABASE} OWNER ${ROLE}`);
    return 'prepared';
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === WRONG_PASSWORD && !reset) return 'wrong password';
    throw error;
  } finally {
    await client.end();
  }
}
