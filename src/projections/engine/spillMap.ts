/**
 * A map that keeps what was used last in memory and the rest in a temporary file, so that a fold over a long log takes
 * little memory: of what is spilled it remembers the key and the place. Nothing of it outlives the process.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';

export type SpillMap<V> = {
  readonly get: (key: string) => V | undefined;
  readonly set: (key: string, value: V) => void;
  readonly delete: (key: string) => void;
  readonly size: () => number;
  readonly values: () => Iterable<V>;
  readonly close: () => void;
};

/**
 * In memory there are a young and an old generation: what is used moves to the young one, and when that is full, the old one
 * is spilled and the young one is the old one.
 * @param inMemory how many values stay in memory at most.
 */
export function spillMap<V>(inMemory: number): SpillMap<V> {
  const half = Math.ceil(inMemory / 2);
  let young = new Map<string, V>();
  let old = new Map<string, V>();
  /** Places in the file. */
  const spilled = new Map<string, number>();
  let file: SpillFile | undefined;

  const put = (key: string, value: V) => {
    young.set(key, value);
    if (young.size < half) return;
    if (old.size > 0) file ??= openSpillFile();
    for (const [oldKey, oldValue] of old) if (file) spilled.set(oldKey, file.write(serialize(oldValue)));
    [young, old] = [new Map(), young];
  };
  const read = (place: number) => deserialize(file?.read(place) ?? serialize(undefined)) as V; // as it was put there
  /** Out of the old generation or the file. */
  const take = (key: string): V | undefined => {
    const known = old.get(key);
    if (known !== undefined) {
      old.delete(key);
      return known;
    }
    const place = spilled.get(key);
    if (place === undefined) return undefined;
    spilled.delete(key);
    return read(place);
  };
  return {
    get: key => {
      const known = young.get(key);
      if (known !== undefined) return known;
      const value = take(key);
      if (value !== undefined) put(key, value);
      return value;
    },
    set: (key, value) => {
      if (!young.has(key) && !old.delete(key)) spilled.delete(key);
      put(key, value);
    },
    delete: key => {
      if (!young.delete(key) && !old.delete(key)) spilled.delete(key);
    },
    size: () => young.size + old.size + spilled.size,
    *values() {
      yield* young.values();
      yield* old.values();
      for (const place of spilled.values()) yield read(place);
    },
    close: () => {
      file?.close();
      file = undefined;
    },
  };
}

type SpillFile = {
  /** @returns its place. */
  readonly write: (bytes: Uint8Array) => number;
  readonly read: (place: number) => Uint8Array;
  readonly close: () => void;
};

const BUFFERED = 1_000_000;
const LENGTH_BYTES = 4;
/** Most values are shorter: then one read has all of it. */
const FIRST_READ = 1_024;

/** Values one behind the other, each after its length. What is taken out stays: the file is as long as all that was spilled. */
function openSpillFile(): SpillFile {
  const path = join(tmpdir(), `relata-spill-${process.pid}-${randomUUID()}`);
  const file = openSync(path, 'wx+', 0o600);
  rmSync(path); // gone with the process, however it ends
  const buffer = Buffer.allocUnsafe(BUFFERED);
  const found = Buffer.allocUnsafe(FIRST_READ);
  let [written, buffered] = [0, 0];

  const flush = () => {
    if (buffered > 0) writeSync(file, buffer, 0, buffered, written);
    [written, buffered] = [written + buffered, 0];
  };
  return {
    write: bytes => {
      if (buffered + LENGTH_BYTES + bytes.length > BUFFERED) flush();
      const place = written + buffered;
      if (LENGTH_BYTES + bytes.length > BUFFERED) {
        const long = Buffer.concat([Buffer.alloc(LENGTH_BYTES), bytes]);
        long.writeUInt32LE(bytes.length);
        written += writeSync(file, long, 0, long.length, written);
        return place;
      }
      buffer.writeUInt32LE(bytes.length, buffered);
      buffer.set(bytes, buffered + LENGTH_BYTES);
      buffered += LENGTH_BYTES + bytes.length;
      return place;
    },
    read: place => {
      if (place >= written) {
        const at = place - written;
        return buffer.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + buffer.readUInt32LE(at));
      }
      const read = readSync(file, found, 0, FIRST_READ, place);
      const length = found.readUInt32LE(0);
      if (LENGTH_BYTES + length <= read) return found.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
      const long = Buffer.allocUnsafe(length);
      readSync(file, long, 0, length, place + LENGTH_BYTES);
      return long;
    },
    close: () => closeSync(file),
  };
}
