/**
 * A single-node EventStoreDB for laptops and tests.
 *
 * @example
 * const store = await startEmbeddedEventStore({ dataDir: './data/eventstore' });
 * const client = EventStoreDBClient.connectionString(store.connectionString);
 * // …
 * await client.dispose();
 * await store.close();
 */
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Backup } from './backup.ts';
import type { StoreLocation } from './database.ts';
import { type StoreError, storeError } from './errors.ts';
import { type Access, askToBackUp, askToVerify } from './maintenance.ts';

import type { Verification } from './verify.ts';
import type { NodeOptions, WorkerMessage } from './worker.ts';

export type { Backup } from './backup.ts';
export type { StoreLocation } from './database.ts';
export { isStoreError, type StoreError, type StoreErrorCode } from './errors.ts';
export { backupDataDir, verifyDataDir } from './maintenance.ts';
export type { Verification } from './verify.ts';

export type EmbeddedEventStoreOptions = StoreLocation & {
  /** Absent or 0: a free one. */
  readonly port?: number;
  /** False: without links to events in the streams of their categories (`$ce-order` for `order-1`). */
  readonly byCategory?: boolean;
};

export type EmbeddedEventStore = {
  /** For `EventStoreDBClient.connectionString`. */
  readonly connectionString: string;
  readonly port: number;
  /**
   * Resolves when the store has been closed, rejects with a STOPPED {@link StoreError} when it ends by itself.
   * Unhandled, that ends the process, as it should: its events can't be reached any more.
   */
  readonly closed: Promise<void>;
  /** Looks at everything that is stored, while it goes on. */
  verify(): Promise<Verification>;
  /** Copies everything that is stored to a folder that another node can be started on, while it goes on. */
  backup(folder: string): Promise<Backup>;
  /** Answers what has been received, ends the calls that are open, and closes the files. May be called twice. */
  close(): Promise<void>;
};

const HOST = '127.0.0.1';
const YOUNG_GENERATION_MB = 12;

/** Starts a node on a worker thread. Rejects with a {@link StoreError} whose code and message say what to do. */
export async function startEmbeddedEventStore(
  options: EmbeddedEventStoreOptions,
): Promise<EmbeddedEventStore> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    name: 'embedded-eventstore',
    workerData: nodeOptions(options),
    // The flags of the application (loaders, inspectors, test runners) are none of the node's.
    execArgv: [],
    // Node gives short-lived objects up to a hundred megabytes before it looks; here a few are as fast.
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  const access = await started(worker);
  const { port } = access;
  let closing: Promise<void> | undefined;
  const closed = new Promise<void>((resolveClosed, reject) => {
    let failure: unknown;
    worker.on('error', error => {
      failure = error;
    });
    worker.once('exit', () => {
      if (closing) resolveClosed();
      else reject(stopped(failure));
    });
  });
  return {
    connectionString: `esdb://${HOST}:${port}?tls=false`,
    port,
    closed,
    verify: () => askToVerify(access),
    backup: folder => askToBackUp(access, folder),
    close() {
      closing ??= closeWorker(worker);
      return closing;
    },
  };
}

function nodeOptions(options: EmbeddedEventStoreOptions): NodeOptions {
  const location =
    'inMemory' in options ? { inMemory: true as const } : { dataDir: resolve(options.dataDir) };
  const { port = 0, byCategory = true } = options;
  return { ...location, host: HOST, port, byCategory };
}

/** Where the worker listens. */
function started(worker: Worker): Promise<Access> {
  return new Promise((resolveAccess, reject) => {
    const failed = (error: StoreError): void => {
      worker.off('exit', exited);
      void worker.terminate();
      reject(error);
    };
    const exited = (): void => reject(stopped(undefined));
    worker.once('exit', exited);
    worker.once('error', error => failed(stopped(error)));
    worker.once('message', (message: WorkerMessage) => {
      if (message.kind === 'failed') failed(storeError(message.failure.code, message.failure.message));
      if (message.kind !== 'started') return;
      worker.off('exit', exited);
      worker.removeAllListeners('error');
      resolveAccess(message.access);
    });
  });
}

async function closeWorker(worker: Worker): Promise<void> {
  const answered = new Promise<void>(resolveAnswered => {
    worker.once('message', () => resolveAnswered());
    worker.once('exit', () => resolveAnswered());
  });
  worker.postMessage('close');
  await answered;
  await worker.terminate();
}

const stopped = (cause: unknown): StoreError =>
  storeError('STOPPED', 'The embedded event store ended by itself: start it again, and report this.', cause);
