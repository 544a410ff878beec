/**
 * The event store itself, without a network: the log, its writer, its tail in memory, and who waits for new events.
 * Everything here runs on one thread and never in the middle of a transaction: a reader sees whole commits only.
 */
import { createApplying } from './applying.ts';
import { backUp } from './backup.ts';
import { type Cache, createCache } from './cache.ts';
import { createCategories } from './categories.ts';
import type { StoreLocation } from './database.ts';
import { openStore, type PageLimit, type Row, type Store } from './store.ts';
import { createStreams } from './streams.ts';
import { createTail } from './tail.ts';
import { verifyStore } from './verify.ts';
import { createWriter } from './writer.ts';

export type Engine = ReturnType<typeof openEngine>;

const CACHED_NAMES = 10_000;

export type EngineOptions = StoreLocation & {
  /** Whether events are linked in the streams of their categories, `$ce-…`; as on a server that runs `$by_category`. */
  readonly byCategory: boolean;
};

/** Opens the store and verifies its end. Throws a StoreError. */
export function openEngine(options: EngineOptions) {
  const store = openStore(options);
  try {
    store.verifyEnd();
  } catch (error) {
    store.close();
    throw error;
  }
  const tail = createTail();
  /** Who is to be woken, by the stream that it waits for; undefined for those who wait for any. */
  const watchers = new Map<string | undefined, Set<() => void>>();
  const names: Cache<number, string> = createCache(CACHED_NAMES);
  let types = store.types();

  const streams = createStreams(store);
  const applying = createApplying(store, streams);
  if (!options.byCategory) markUnlinked(store);
  const categories = options.byCategory ? createCategories(store, streams, applying) : undefined;
  const writer = createWriter(applying, categories, ({ rows, streams }) => {
    for (const row of rows) tail.add(row);
    if (watchers.size === 0) return;
    for (const stream of [undefined, ...streams]) for (const wake of watchers.get(stream) ?? []) wake();
  });

  return {
    submit: writer.submit,
    lastPosition: applying.lastPosition,
    allForwards: (from: number, limit: PageLimit): readonly Row[] =>
      tail.from(from, limit) ?? store.allForwards(from, limit),
    allBackwards: store.allBackwards,
    streamForwards: store.streamForwards,
    streamBackwards: store.streamBackwards,
    /** What is known of a stream, for this turn of the event loop. */
    stream: streams.named,
    deletion: streams.deletion,
    firstReadable: streams.firstReadable,
    readable: streams.readable,
    streamName(stream: number): string {
      const known = names.get(stream);
      if (known !== undefined) return known;
      const name = store.streamName(stream);
      names.set(stream, name);
      return name;
    },
    typeName(type: number): string {
      if (!types.has(type)) types = store.types();
      return types.get(type) ?? '';
    },
    /**
     * Calls `wake` after each commit that touched the stream, which needs not exist yet, or (undefined) after any;
     * returns how to stop that.
     */
    watch(stream: string | undefined, wake: () => void): () => void {
      const waiting = watchers.get(stream) ?? new Set();
      watchers.set(stream, waiting.add(wake));
      return () => {
        waiting.delete(wake);
        if (waiting.size === 0) watchers.delete(stream);
      };
    },
    verify: () => verifyStore(store),
    backup: (folder: string) => backUp(store, folder),
    /** Writes and answers what has been submitted. */
    finish: writer.finish,
    /** Writes what has been submitted, then closes the file. */
    close(): void {
      writer.finish();
      store.close();
    },
  };
}

/** From here on the links are missing, unless they already were from further back. */
function markUnlinked(store: Store): void {
  if (store.unlinkedFrom() === undefined) store.markUnlinked(store.lastPosition() + 1);
}
