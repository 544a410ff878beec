/**
 * An immutable map from ids in which changing one entry is cheap: it copies one of 256 parts, not the whole. A fold over
 * many thousand events stays linear with it.
 */
import type { Id } from './values.ts';

export type IdMap<V> = readonly ReadonlyMap<Id, V>[];

export const emptyIdMap: IdMap<never> = Array.from({ length: 256 }, () => new Map<Id, never>());

export const lookUp = <V>(map: IdMap<V>, id: Id): V | undefined => map[partOf(id)]?.get(id);

/** The map with the id's value set, or taken away by `undefined`. */
export function withEntry<V>(map: IdMap<V>, id: Id, value: V | undefined): IdMap<V> {
  const part = new Map(map[partOf(id)]);
  if (value === undefined) part.delete(id);
  else part.set(id, value);
  return map.with(partOf(id), part);
}

// The last byte of an id is of a hash, or random, in every version of UUID that we make.
const partOf = (id: Id) => Number.parseInt(id.slice(-2), 16);
