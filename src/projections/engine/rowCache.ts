/**
 * The rows that a build's owner has seen last, so that a batch needn't load them. They are what the tables hold for as
 * long as the owner's checkpoints move by compare-and-swap; when one doesn't, the cache is thrown away.
 */
import type { Version } from './fold.ts';

export type RowCache = {
  /** `null`: the tables have no such row. `undefined`: unknown. */
  readonly get: (key: string) => Version | null | undefined;
  readonly set: (key: string, version: Version | null) => void;
  /** Forgets the rows that were used least lately, down to the limit, but for those of these keys. */
  readonly trim: (kept?: { readonly has: (key: string) => boolean }) => void;
  readonly clear: () => void;
  /** What its rows hold, as the limit counts it. */
  readonly weight: () => number;
  /** Whether it ever forgot a row that it knew. */
  readonly hasForgotten: () => boolean;
};

/** @param limit in characters of text that its rows may hold, roughly; memory is about twice that. */
export function rowCache(limit: number): RowCache {
  const entries = new Map<string, { readonly version: Version | null; readonly weight: number }>();
  let total = 0;
  let forgotten = false;
  const forget = (key: string) => {
    const entry = entries.get(key);
    if (!entry) return;
    entries.delete(key);
    total -= entry.weight;
  };
  return {
    get: key => entries.get(key)?.version,
    set: (key, version) => {
      forget(key);
      const weight = weightOf(version);
      entries.set(key, { version, weight }); // at the end: a Map keeps the order of insertion
      total += weight;
    },
    trim: kept => {
      for (const key of entries.keys()) {
        if (total <= limit) return;
        if (kept?.has(key)) continue;
        forget(key);
        forgotten = true;
      }
    },
    clear: () => {
      forgotten ||= entries.size > 0;
      entries.clear();
      total = 0;
    },
    weight: () => total,
    hasForgotten: () => forgotten,
  };
}

/** An object of a row's own, its key and some two dozen fields. */
const BASE = 500;

function weightOf(version: Version | null): number {
  if (!version) return BASE;
  let weight = BASE;
  for (const name in version.row) {
    const value = version.row[name];
    if (typeof value === 'string') weight += value.length;
    else if (Array.isArray(value)) weight += value.length * 100; // ids, tags, lines
  }
  return weight;
}
