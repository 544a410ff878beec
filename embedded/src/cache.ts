/** A map that forgets what wasn't used lately: two generations, so that use costs nothing but a look-up. */
export type Cache<Key, Value> = {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
  clear(): void;
};

/** Holds between `size` and twice `size` entries. */
export function createCache<Key, Value>(size: number): Cache<Key, Value> {
  let young = new Map<Key, Value>();
  let old = new Map<Key, Value>();
  function set(key: Key, value: Value): void {
    if (young.size >= size) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
  }
  return {
    get(key) {
      const value = young.get(key);
      if (value !== undefined) return value;
      const aged = old.get(key);
      if (aged !== undefined) set(key, aged);
      return aged;
    },
    set,
    clear() {
      young = new Map();
      old = new Map();
    },
  };
}
