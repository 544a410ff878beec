/** A map that spills, beside one that doesn't. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SpillMap, spillMap } from '../../../src/projections/engine/spillMap.ts';

test('is a map, whatever is done to it', () => {
  const keys = fc.integer({ min: 0, max: 12 }).map(String);
  const deeds = fc.array(
    fc.oneof(
      fc.record({
        do: fc.constant('set' as const),
        key: keys,
        value: fc.integer(),
        long: fc.constantFrom(0, 1_100, 1_100_000),
      }),
      fc.record({ do: fc.constant('delete' as const), key: keys }),
      fc.record({ do: fc.constant('get' as const), key: keys }),
    ),
    { maxLength: 80, size: 'max' },
  );
  fc.assert(
    fc.property(deeds, fc.integer({ min: 1, max: 5 }), (list, inMemory) => {
      const model = new Map<string, object>();
      const map: SpillMap<object> = spillMap(inMemory);
      try {
        for (const deed of list) {
          if (deed.do === 'set') {
            const value = {
              position: BigInt(deed.value),
              row: { tags: ['x'.repeat(deed.long)], none: undefined },
            };
            model.set(deed.key, value);
            map.set(deed.key, value);
          } else if (deed.do === 'delete') {
            model.delete(deed.key);
            map.delete(deed.key);
          } else expect(map.get(deed.key)).toEqual(model.get(deed.key));
          expect(map.size()).toBe(model.size);
        }
        const sorted = (values: Iterable<object>) =>
          [...values].map(value => String((value as { position: bigint }).position)).sort();
        expect(sorted(map.values())).toEqual(sorted(model.values()));
      } finally {
        map.close();
      }
    }),
    { numRuns: 150 },
  );
});
