/**
 * A map that keeps what was used last in memory and the rest in a temporary file, so that a fold over any log takes the same
 * memory. SQLite, for nothing of it must survive.
 */

import { DatabaseSync } from 'node:sqlite';
import { deserialize, serialize } from 'node:v8';

export type SpillMap<V> = {
  readonly get: (key: string) => V | undefined;
  readonly set: (key: string, value: V) => void;
  readonly delete: (key: string) => void;
  readonly size: () => number;
  readonly values: () => Iterable<V>;
  readonly close: () => void;
};

/** @param inMemory how many values stay in memory at most. */
export function spillMap<V>(inMemory: number): SpillMap<V> {
  const recent = new Map<string, V>();
  let file: SpillFile | undefined;
  let spilled = 0;

  const take = (key: string): V | undefined => {
    const bytes = spilled === 0 ? undefined : file?.take(key);
    if (bytes === undefined) return undefined;
    spilled -= 1;
    return deserialize(bytes) as V; // as it was put there
  };
  const makeRoom = () => {
    if (recent.size <= inMemory) return;
    file ??= openSpillFile();
    const oldest: [string, V][] = [];
    for (const entry of recent) if (oldest.push(entry) >= inMemory / 4) break;
    file.put(oldest.map(([key, value]) => [key, serialize(value)]));
    for (const [key] of oldest) recent.delete(key);
    spilled += oldest.length;
  };
  return {
    get: key => {
      const known = recent.get(key);
      if (known !== undefined) recent.delete(key); // and comes back as the latest
      const value = known ?? take(key);
      if (value === undefined) return undefined;
      recent.set(key, value);
      makeRoom();
      return value;
    },
    set: (key, value) => {
      if (!recent.delete(key)) take(key);
      recent.set(key, value);
      makeRoom();
    },
    delete: key => {
      if (!recent.delete(key)) take(key);
    },
    size: () => recent.size + spilled,
    *values() {
      yield* recent.values();
      for (const bytes of file?.all() ?? []) yield deserialize(bytes) as V;
    },
    close: () => {
      file?.close();
      file = undefined;
    },
  };
}

type SpillFile = {
  readonly put: (entries: readonly (readonly [string, Uint8Array])[]) => void;
  readonly take: (key: string) => Uint8Array | undefined;
  readonly all: () => Iterable<Uint8Array>;
  readonly close: () => void;
};

function openSpillFile(): SpillFile {
  const database = new DatabaseSync(''); // temporary: SQLite's own file, gone with the connection
  database.enableDefensive(false); // or a journal is kept, to roll back what nobody will
  database.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16000;
    CREATE TABLE spilled (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID`);
  const put = database.prepare('INSERT INTO spilled (key, value) VALUES (?, ?)');
  const take = database.prepare('DELETE FROM spilled WHERE key = ? RETURNING value');
  const all = database.prepare('SELECT value FROM spilled');
  // One transaction for good: each statement by itself would write its pages at once.
  database.exec('BEGIN');
  return {
    put: entries => {
      for (const [key, value] of entries) put.run(key, value);
    },
    take: key => take.get(key)?.value as Uint8Array | undefined, // a BLOB
    *all() {
      for (const { value } of all.iterate()) yield value as Uint8Array;
    },
    close: () => database.close(),
  };
}
