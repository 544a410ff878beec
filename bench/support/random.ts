/** Seeded randomness: the same seed makes the same log on every machine. */
export type Random = ReturnType<typeof seeded>;

/** Every four digits. */
const HEX = Array.from({ length: 65_536 }, (_, i) => i.toString(16).padStart(4, '0'));

/** mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function seeded(seed: number) {
  let state = seed >>> 0;
  function word(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }
  const hex = (digits: number): string => {
    let text = '';
    for (let left = digits; left > 0; left -= 4) text += HEX[word() >>> 16];
    return text.slice(0, digits);
  };
  const below = (bound: number): number => Math.floor((word() / 2 ** 32) * bound);
  return {
    /** From 0 to below 1. */
    fraction: (): number => word() / 2 ** 32,
    /** A whole number from 0 to below the bound. */
    below,
    hex,
    /** Random, and in the form of the UUIDs that Relata makes of hashes. */
    uuid: (): string => `${hex(8)}-${hex(4)}-8${hex(3)}-a${hex(3)}-${hex(12)}`,
    pick: <T>(list: readonly T[]): T => {
      const chosen = list[below(list.length)];
      if (chosen === undefined) throw new RangeError('nothing to pick from');
      return chosen;
    },
  };
}
