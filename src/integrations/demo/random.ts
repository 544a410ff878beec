/** Chance that repeats itself: the same seed gives the same numbers. */

export type Random = {
  /** From `from` up to and with `to`. */
  readonly int: (from: number, to: number) => number;
  readonly pick: <T>(list: readonly T[]) => T;
  /** Whether something that happens with this probability (0 to 1) does. */
  readonly happens: (probability: number) => boolean;
};

export function createRandom(seed: number): Random {
  const next = mulberry32(seed);
  const int = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return {
    int,
    happens: probability => next() < probability,
    pick: list => {
      const picked = list[int(0, list.length - 1)];
      if (picked === undefined) throw new Error('there is nothing to pick from');
      return picked;
    },
  };
}

/** Tommy Ettinger's mulberry32 (public domain): 32 bits of state, enough for made-up companies. */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
