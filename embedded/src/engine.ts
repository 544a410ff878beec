/**
 * The event store itself, without a network: the log, its writer, its tail in memory, and who waits for new events.
 * Everything here runs on one thread and never in the middle of a transaction: a reader sees whole commits only.
 */
import { type Cache, createCache } from './cache.ts';
import type { StoreLocation } from './database.ts';
import { openStore, type PageLimit, type Row } from './store.ts';
import { createTail } from './tail.ts';
import { createWriter } from './writer.ts';

export type Engine = ReturnType<typeof openEngine>;

const CACHED_NAMES = 10_000;

/** Opens the store and verifies its end. Throws a StoreError. */
export function openEngine(location: StoreLocation) {
  const store = openStore(location);
  try {
    store.verifyEnd();
  } catch (error) {
    store.close();
    throw error;
  }
  const tail = createTail();
  const allWatchers = new Set<() => void>();
  const streamWatchers = new Map<string, Set<() => void>>();
  const names: Cache<number, string> = createCache(CACHED_NAMES);
  let types = store.types();

  const writer = createWriter(store, (rows, streams) => {
    for (const row of rows) tail.add(row);
    for (const wake of allWatchers) wake();
    if (streamWatchers.size === 0) return;
    for (const stream of streams) for (const wake of streamWatchers.get(stream) ?? []) wake();
  });

  function watch(
    watchers: Set<() => void>,
    wake: () => void,
    empty: () => void = () => undefined,
  ): () => void {
    watchers.add(wake);
    return () => {
      watchers.delete(wake);
      if (watchers.size === 0) empty();
    };
  }

  return {
    submit: writer.submit,
    lastPosition: writer.lastPosition,
    allForwards: (from: number, limit: PageLimit): readonly Row[] =>
      tail.from(from, limit) ?? store.allForwards(from, limit),
    allBackwards: store.allBackwards,
    streamForwards: store.streamForwards,
    streamBackwards: store.streamBackwards,
    streamNumber: store.streamNumber,
    lastRevision: store.lastRevision,
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
    /** Calls `wake` after each commit; returns how to stop that. */
    watchAll: (wake: () => void): (() => void) => watch(allWatchers, wake),
    /** Calls `wake` after each commit that touched the stream, which needs not exist yet. */
    watchStream(stream: string, wake: () => void): () => void {
      const watchers = streamWatchers.get(stream) ?? new Set();
      streamWatchers.set(stream, watchers);
      return watch(watchers, wake, () => streamWatchers.delete(stream));
    },
    /** Writes what has been submitted, then closes the file. */
    close(): void {
      writer.finish();
      store.close();
    },
  };
}
