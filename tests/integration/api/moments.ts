/** Moments to ask about, with what the oracle takes them for. */
import fc from 'fast-check';
import type { Oracle, When } from './oracle.ts';

/** Variables and arguments of queries that take a moment. */
export const MOMENT = '$asOf: Moment, $knownAt: Moment, $knownAtPosition: Position';
export const AT = 'asOf: $asOf, knownAt: $knownAt, knownAtPosition: $knownAtPosition';

export const holdsAtAnyMoment = (oracle: Oracle, check: (asked: Asked) => Promise<void>, numRuns = 40) =>
  fc.assert(fc.asyncProperty(moments(oracle), check), { numRuns });

/** As the query says it, and as the oracle takes it. */
export type Asked = { readonly args: object; readonly when: When };

/** Right at what happened, a millisecond around it, days, and the places between events. */
export function moments({ instants, positions, knownAt }: Oracle): fc.Arbitrary<Asked> {
  const shifted = (text: string, ms: number) => new Date(Date.parse(text) + ms).toISOString();
  const instant = fc
    .tuple(fc.constantFrom(...instants), fc.constantFrom(-1, 0, 1))
    .map(([t, ms]) => shifted(t, ms));
  const day = fc.constantFrom(...instants).map(t => t.slice(0, 10));
  const time = fc.oneof(instant, day).map(text => ({
    text,
    end: text.length === 10 ? `${text}T23:59:59.999Z` : text,
  }));
  const position = fc
    .tuple(fc.constantFrom(...positions), fc.constantFrom(-1n, 0n, 1n))
    .map(([p, d]) => p + d);
  const at = position.filter(p => p >= 0n);
  return fc.oneof(
    fc.constant({ args: {}, when: {} }),
    time.map(({ text, end }) => ({ args: { asOf: text }, when: { asOf: end } })),
    time.map(({ text, end }) => ({
      args: { knownAt: text },
      when: { asOf: end, knownAt: knownAt(end) },
    })),
    at.map(p => ({ args: { knownAtPosition: `${p}` }, when: { knownAt: p } })),
    fc.tuple(time, time).map(([asOf, known]) => ({
      args: { asOf: asOf.text, knownAt: known.text },
      when: { asOf: asOf.end, knownAt: knownAt(known.end) },
    })),
    fc.tuple(time, at).map(([asOf, p]) => ({
      args: { asOf: asOf.text, knownAtPosition: `${p}` },
      when: { asOf: asOf.end, knownAt: p },
    })),
  );
}
