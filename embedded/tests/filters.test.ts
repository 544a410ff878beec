import { describe, expect, it } from 'vitest';
import { compileFilter, type Filter } from '../src/filters.ts';

const streams = ['order-1', 'account-1', '$$order-1'];
const types = ['OrderPlaced', 'AccountOpened', '$metadata'];
const names = { streamName: (n: number) => streams[n] ?? '', typeName: (n: number) => types[n] ?? '' };

/** Which of the three events, each of the stream and type of its number, the filter lets through. */
function passing(filter: Filter): number[] {
  const accepts = compileFilter(filter, names);
  return [0, 1, 2].filter(n => accepts(n, n));
}

describe('compileFilter', () => {
  it.each<[Filter, number[]]>([
    [{ on: 'stream', regex: '', prefixes: ['order'] }, [0]],
    [{ on: 'stream', regex: '', prefixes: ['order', 'account'] }, [0, 1]],
    [{ on: 'stream', regex: '', prefixes: [] }, []],
    [{ on: 'stream', regex: 'order', prefixes: [] }, [0, 2]],
    [{ on: 'stream', regex: '^order-\\d$', prefixes: [] }, [0]],
    [{ on: 'type', regex: '', prefixes: ['Order'] }, [0]],
    [{ on: 'type', regex: '^[^$].*', prefixes: [] }, [0, 1]],
    [{ on: 'type', regex: '(?i)^ORDER', prefixes: [] }, [0]],
    [{ on: 'type', regex: '^\\p{Lu}', prefixes: [] }, [0, 1]],
  ])('%j passes %j', (filter, expected) => {
    expect(passing(filter)).toEqual(expected);
  });

  it.each(['(', '\\AOrder', 'Order\\z', '[a-z-[aeiou]]', '(?n)(a)'])(
    'refuses %s rather than read it as something else',
    regex => {
      expect(() => compileFilter({ on: 'type', regex, prefixes: [] }, names)).toThrow(/regular expression/);
    },
  );

  it('asks once for each stream or type', () => {
    let asked = 0;
    const accepts = compileFilter(
      { on: 'type', regex: '', prefixes: ['a'] },
      { ...names, typeName: () => `a${asked++}` },
    );
    for (let n = 0; n < 5; n++) accepts(n, 7);
    expect(asked).toBe(1);
  });
});
