/** When changes of records could first be seen, whichever is known first: that one was seen, or what it is. */
type Sighting = { readonly position: bigint; readonly at: number };
type Waiting = { readonly position: bigint; readonly resolve: (at: number) => void };

export function sightings() {
  const seen = new Map<string, Sighting[]>();
  const awaited = new Map<string, Waiting[]>();
  return {
    /** A record was told of as it is at a position, which all changes up to then can be seen in. */
    saw: (id: string, sighting: Sighting): void => {
      const waiting = awaited.get(id) ?? [];
      for (const { position, resolve } of waiting) if (position <= sighting.position) resolve(sighting.at);
      awaited.set(
        id,
        waiting.filter(({ position }) => position > sighting.position),
      );
      seen.set(id, [...(seen.get(id) ?? []), sighting]);
    },
    /** When the record was first told of at this position or later. */
    of: (id: string, position: bigint): Promise<number> => {
      const first = seen.get(id)?.find(sighting => sighting.position >= position);
      if (first) return Promise.resolve(first.at);
      return new Promise(resolve => {
        awaited.set(id, [...(awaited.get(id) ?? []), { position, resolve }]);
      });
    },
  };
}
