/**
 * A cache bounded by weight that forgets what was not used lately. In two generations: what is used stays in the young
 * one, and when that is full it becomes the old one, whose rest is forgotten. So a use costs a look-up, where a list in
 * exact order of use would be rewritten each time.
 */
export type Cache<V> = {
  readonly get: (key: string) => V | undefined;
  readonly set: (key: string, value: V) => void;
  readonly delete: (key: string) => void;
};

/** A value with what it weighed when it came in: a value may grow in place. */
type Entry<V> = { readonly value: V; readonly weight: number };

/** Holds at most `capacity` of weight, and what was used last up to half of it. */
export function createCache<V>(capacity: number, weigh: (value: V) => number): Cache<V> {
  let young = new Map<string, Entry<V>>();
  let old = new Map<string, Entry<V>>();
  let weight = 0; // of the young

  const add = (key: string, entry: Entry<V>) => {
    if (entry.weight > capacity / 2) return;
    if (weight + entry.weight > capacity / 2) {
      old = young;
      young = new Map();
      weight = 0;
    }
    young.set(key, entry);
    weight += entry.weight;
  };
  const remove = (key: string) => {
    weight -= young.get(key)?.weight ?? 0;
    young.delete(key);
    old.delete(key);
  };

  return {
    get: key => {
      const fresh = young.get(key);
      if (fresh) return fresh.value;
      const aged = old.get(key);
      if (!aged) return undefined;
      old.delete(key);
      add(key, aged);
      return aged.value;
    },
    set: (key, value) => {
      remove(key);
      add(key, { value, weight: weigh(value) });
    },
    delete: remove,
  };
}
