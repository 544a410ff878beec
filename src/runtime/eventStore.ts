/**
 * The embedded event store, kept on its port and reported when it ends. Only this file knows its package: the app
 * reaches it through @eventstore/db-client alone, as it reaches one elsewhere.
 */
import { type EmbeddedEventStore, isStoreError, startEmbeddedEventStore } from '@relata/embedded-eventstore';
import { type FatalError, fatal } from './fatal.ts';
import { layout } from './layout.ts';
import type { RuntimeLogger } from './log.ts';
import { keepPort, keptPort } from './ports.ts';

export type EventStore = {
  readonly url: string;
  /** Resolves if it ends without having been asked to, and never otherwise. */
  readonly exited: Promise<FatalError>;
  close(): Promise<void>;
};

/** Another process may take the port between our look and the store's bind. */
const PORT_ATTEMPTS = 5;

/** @param dir the data folder. The caller holds its lock. */
export async function startEventStore(dir: string, logger: RuntimeLogger): Promise<EventStore> {
  const paths = layout(dir);
  const begun = performance.now();
  const started = await onSomePort(paths.eventStore, paths.ports);
  const exited = new Promise<FatalError>(resolve => {
    // It also settles when it is closed, by resolving: that is no news.
    started.closed.catch((cause: unknown) => resolve(endedByItself(paths.eventStore, cause)));
  });
  try {
    await keepPort(paths.ports, 'eventstore', started.port);
  } catch (error) {
    await started.close();
    throw error;
  }
  const ms = Math.round(performance.now() - begun);
  logger.info({ port: started.port, folder: paths.eventStore, ms }, 'event store ready');
  return { url: started.connectionString, exited, close: () => started.close() };
}

async function onSomePort(dataDir: string, ports: string): Promise<EmbeddedEventStore> {
  for (let attempt = 1; ; attempt++) {
    try {
      // Nothing of ours reads `$ce-` streams, and their links cost a small event each; switched on later they are made up for.
      return await startEmbeddedEventStore({
        dataDir,
        port: await keptPort(ports, 'eventstore'),
        byCategory: false,
      });
    } catch (cause) {
      if (!isStoreError(cause) || cause.code === 'UNEXPECTED') throw cause; // a bug: its stack is wanted
      if (attempt < PORT_ATTEMPTS && cause.code === 'PORT_IN_USE') continue;
      throw fatal(`EVENTSTORE_${cause.code}`, cause.message, cause);
    }
  }
}

function endedByItself(folder: string, cause: unknown): FatalError {
  return fatal(
    'EVENTSTORE_ENDED',
    `The embedded event store in ${folder} ended by itself; start Relata again.`,
    cause,
  );
}
