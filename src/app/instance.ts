/** One running Relata: stores, write side, projector and API in their order, and back again. */
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { buildServer } from '../api/server.ts';
import { undoServiceOf } from '../commands/undo/series.ts';
import type { Config } from '../config.ts';
import { eventLog } from '../eventstore/log.ts';
import { vaultErrorOf } from '../eventstore/personal/errors.ts';
import { failureOf } from '../projections/engine/failure.ts';
import { dropLease } from '../projections/engine/lease.ts';
import { createLogger } from '../projections/engine/logger.ts';
import { migrate } from '../projections/engine/migrate.ts';
import { type ProjectorWorker, startProjectorWorker } from '../projections/engine/projectorWorker.ts';
import { openVisibility, type Visibility } from '../projections/engine/visibility.ts';
import { openReadPool } from '../projections/query/readPool.ts';
import { openDataFolder } from '../runtime/dataFolder.ts';
import { fatal } from '../runtime/fatal.ts';
import { startStores } from '../runtime/stores.ts';
import { createClosing } from './closing.ts';
import { keysOf } from './keys.ts';
import { createMetrics } from './metrics/metrics.ts';
import { DEFAULT_WORKSPACE, SEEDED_OWNER } from './owner.ts';
import { readinessOf } from './readiness.ts';
import { treeKeeperOf } from './treeKeeper.ts';
import { byWorkspace } from './visibility.ts';
import { openWriteSide, type WriteSide } from './writeSide.ts';

export type Instance = {
  /** Where its API is served; absent without the role `api`. */
  readonly url: string | undefined;
  /** With credentials, as is the next: never log them. */
  readonly eventStoreUrl: string;
  readonly postgresUrl: string;
  readonly writeSide: WriteSide;
  readonly visibility: Visibility;
  readonly projector: ProjectorWorker | undefined;
  /** Resolves if a part ends that must not, with the reason. */
  readonly failed: Promise<Error>;
  readonly close: () => Promise<void>;
};

export type InstanceOptions = {
  readonly config: Config;
  /** Serves a page to try queries on. */
  readonly development: boolean;
  /** Gives up the start. */
  readonly signal?: AbortSignal;
};

/** It gives requests that are on their way some seconds. */
const SERVER_MS = 10_000;
/** An embedded Postgres that writes what it has in memory takes its time, and has bounds of its own. */
const STORES_MS = 90_000;

/**
 * @throws FatalError for what the user can put right, or the signal's reason; then everything that was begun has been
 * ended.
 */
export async function startInstance({ config, development, signal }: InstanceOptions): Promise<Instance> {
  const logger = createLogger(config.logLevel, 'main');
  const closing = createClosing(logger);
  try {
    const { masterKey: given } = config;
    const folder = await openDataFolder({
      dir: config.dataDir,
      appVersion: await appVersion(),
      now: () => new Date(),
      ...(given && { masterKey: given }),
    });
    closing.add(() => folder.close());
    const stores = await startStores(config, folder, logger, { signal });
    closing.add(() => stores.close(), STORES_MS);
    signal?.throwIfAborted();
    const { eventStoreUrl, postgresUrl } = stores;

    await prepareDatabase(postgresUrl, config.postgresUrl === undefined ? 'just started' : 'elsewhere');
    const metrics = createMetrics();
    const keys = keysOf(config, folder.masterKey);
    const writeSide = await openWriteSide({ eventStoreUrl, postgresUrl, keys, metrics });
    const log = eventLog(writeSide.client);
    closing.add(() => writeSide.close());
    const pool = openReadPool({
      url: postgresUrl,
      onError: err => logger.warn({ err }, 'a connection to Postgres broke'),
    });
    closing.add(() => pool.end());
    const projector = config.roles.includes('projector')
      ? await startProjectorWorker({
          postgresUrl,
          eventStoreUrl,
          keys,
          logLevel: config.logLevel,
          instance: `process ${process.pid}`,
          companions: [treeKeeperOf(config, folder.masterKey)],
        })
      : undefined;
    if (projector) closing.add(() => projector.close());
    projector?.onBatch(metrics.projected);
    metrics.sample({ pools: { queries: pool }, status: projector?.status, pool, log });
    signal?.throwIfAborted();
    const visibility = await openVisibility({ pool, logger });
    closing.add(() => visibility.close());

    let url: string | undefined;
    if (config.roles.includes('api')) {
      const server = await buildServer({
        dispatch: writeSide.dispatch,
        undo: undoServiceOf(writeSide),
        pool,
        visibility: byWorkspace(visibility),
        log,
        decode: writeSide.codec.decode,
        metrics,
        readiness: readinessOf({ pool, client: writeSide.client, projector, visibility }),
        actor: SEEDED_OWNER,
        workspaceId: DEFAULT_WORKSPACE,
        logger,
        development,
      });
      closing.add(() => server.close(), SERVER_MS);
      url = await listen(server, config.port);
      await folder.announce({ url, eventStoreUrl, postgresUrl, startedAt: new Date().toISOString() });
    }
    const failed = Promise.race([stores.failed, ...(projector ? [projector.ended] : [])]);
    return {
      url,
      eventStoreUrl,
      postgresUrl,
      writeSide,
      visibility,
      projector,
      failed,
      close: closing.close,
    };
  } catch (error) {
    await closing.close().catch(() => undefined); // it is logged, and what came first is told
    throw asFatal(error);
  }
}

/** What the user can put right, of the database and its keys. */
export function asFatal(error: unknown): unknown {
  const failure = failureOf(error);
  if (failure) return fatal(failure.code, failure.message, error);
  const vault = vaultErrorOf(error);
  return vault ? fatal(vault.vaultError, vault.message, error) : error;
}

async function prepareDatabase(postgresUrl: string, server: 'just started' | 'elsewhere'): Promise<void> {
  const pool = new pg.Pool({ connectionString: postgresUrl, max: 2 });
  pool.on('error', () => undefined); // the query that runs meanwhile fails with the reason
  try {
    await migrate(pool);
    if (server === 'just started') await dropLease(pool);
  } finally {
    await pool.end();
  }
}

type Listener = { readonly listen: (at: { host: string; port: number }) => Promise<string> };

async function listen(server: Listener, port: number): Promise<string> {
  try {
    return await server.listen({ host: '127.0.0.1', port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw fatal(
      'PORT_IN_USE',
      `Port ${port} is in use; stop what listens there, or set RELATA_PORT to another (0 takes a free one).`,
      error,
    );
  }
}

async function appVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
