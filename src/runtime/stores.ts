/** The two stores, embedded or elsewhere: from here on nobody can tell which. */
import type { Config } from '../config.ts';
import { aborted } from './aborted.ts';
import type { DataFolder } from './dataFolder.ts';
import { startEventStore } from './eventStore.ts';
import { REACHABLE_MS, requireEventStore, requirePostgres } from './externalStores.ts';
import type { FatalError } from './fatal.ts';
import type { RuntimeLogger } from './log.ts';
import { startEmbeddedPostgres } from './postgres.ts';

export type Stores = {
  /** With credentials, as is the next: never log them. */
  readonly eventStoreUrl: string;
  readonly postgresUrl: string;
  /** Resolves if an embedded store ends without having been asked to, and never otherwise. */
  readonly failed: Promise<FatalError>;
  /** To be called once every client of both is closed. */
  close(): Promise<void>;
};

type Store = { readonly url: string; readonly exited: Promise<FatalError>; close(): Promise<void> };

export type Waiting = {
  /** How long servers elsewhere may take to answer. */
  readonly reachableMs?: number;
  /** Ends that wait. */
  readonly signal?: AbortSignal | undefined;
};

/** @throws FatalError when one can't be used, and the other is stopped then; or the signal's reason. */
export async function startStores(
  config: Pick<Config, 'eventStoreUrl' | 'postgresUrl'>,
  folder: Pick<DataFolder, 'dir'>,
  logger: RuntimeLogger,
  { reachableMs = REACHABLE_MS, signal }: Waiting = {},
): Promise<Stores> {
  const { dir } = folder;
  // Those elsewhere first: where one doesn't answer, nothing has been made here yet.
  const [givenEventStore, givenPostgres] = await Promise.race([
    Promise.all([
      elsewhere(config.eventStoreUrl, requireEventStore, reachableMs),
      elsewhere(config.postgresUrl, requirePostgres, reachableMs),
    ]),
    aborted(signal),
  ]);
  const starting: [Promise<Store> | Store, Promise<Store> | Store] = [
    givenEventStore ?? startEventStore(dir, logger),
    givenPostgres ?? startEmbeddedPostgres({ dir, logger }),
  ];
  try {
    const [eventStore, postgres] = await Promise.all(starting);
    return {
      eventStoreUrl: eventStore.url,
      postgresUrl: postgres.url,
      failed: Promise.race([eventStore.exited, postgres.exited]),
      close: () => closeBoth(postgres, eventStore),
    };
  } catch (error) {
    for (const store of await Promise.allSettled(starting))
      if (store.status === 'fulfilled') await store.value.close();
    throw error;
  }
}

/** What is derived first, its source last; a failure of the first doesn't keep the second open. */
async function closeBoth(postgres: Store, eventStore: Store): Promise<void> {
  try {
    await postgres.close();
  } finally {
    await eventStore.close();
  }
}

async function elsewhere(
  url: string | undefined,
  require: (url: string, withinMs: number) => Promise<void>,
  withinMs: number,
): Promise<Store | undefined> {
  if (url === undefined) return undefined;
  await require(url, withinMs);
  return { url, exited: new Promise(() => undefined), close: async () => undefined };
}
