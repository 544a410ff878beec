import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type NumberFormat, parseNumber, plainNumber } from '../../../src/integrations/import/numbers.ts';

const european: NumberFormat = { decimal: ',', group: '.', shift: 0 };

test.each([
  ['1100.04', { shift: 6 }, '1100040000'],
  ['52.5', { shift: 6 }, '52500000'],
  ['-0.50', {}, '-0.5'],
  ['+007', {}, '7'],
  ['-0', {}, '0'],
  ['5', { shift: -2 }, '0.05'],
  ['123.4', { shift: 1 }, '1234'],
  ['0.001', { shift: 2 }, '0.1'],
])('%s with %o is %s', (text, more, expected) => {
  expect(parseNumber(text, { ...plainNumber, ...more })).toBe(expected);
});

test.each([
  ['1.234.567,5', european, '1234567.5'],
  ['1 234,5', { decimal: ',', group: ' ', shift: 0 } as const, '1234.5'],
  ['1\u202f234,5', { decimal: ',', group: ' ', shift: 0 } as const, '1234.5'],
  ["1'234.5", { decimal: '.', group: "'", shift: 0 } as const, '1234.5'],
])('%s in its own format is %s', (text, format, expected) => {
  expect(parseNumber(text, format)).toBe(expected);
});

test.each(['', '-', '.', '1.', '.5', '1e3', '1,5', '1.2.3', '0x10', 'NaN', '12 ', '--1', '٣'])(
  '%j is no number',
  text => {
    expect(parseNumber(text, plainNumber)).toBeUndefined();
  },
);

test.each(['1.23,5', '1234.567,5', '.123', '1..234', '12.34'])('%j has wrong groups', text => {
  expect(parseNumber(text, european)).toBeUndefined();
});

describe('any decimal', () => {
  const digits = (max: number) => fc.stringMatching(new RegExp(`^\\d{1,${max}}$`));
  const decimal = fc.record({
    sign: fc.constantFrom('', '-', '+'),
    whole: digits(18),
    fraction: fc.option(digits(12), { nil: undefined }),
  });

  /** The value × 10^12, exactly. */
  const scaled = (text: string): bigint => {
    const [whole = '0', fraction = ''] = text.replace(/^[+-]/, '').split('.');
    const value = BigInt(whole + fraction.padEnd(12, '0'));
    return text.startsWith('-') ? -value : value;
  };

  test('keeps its exact value, in a canonical form', () => {
    fc.assert(
      fc.property(decimal, ({ sign, whole, fraction }) => {
        const text = `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}`;
        const parsed = parseNumber(text, plainNumber);
        expect(parsed).toMatch(/^(0|-?(?!0\d)\d+(\.\d*[1-9])?)$/);
        expect(scaled(parsed ?? '')).toBe(scaled(text));
        expect(parseNumber(parsed ?? '', plainNumber)).toBe(parsed);
      }),
    );
  });

  test('shifted there and back is the same', () => {
    fc.assert(
      fc.property(decimal, fc.integer({ min: -12, max: 12 }), ({ whole, fraction }, shift) => {
        const text = fraction === undefined ? whole : `${whole}.${fraction}`;
        const there = parseNumber(text, { decimal: '.', shift }) ?? '';
        expect(parseNumber(there, { decimal: '.', shift: -shift })).toBe(parseNumber(text, plainNumber));
      }),
    );
  });

  test('with groups is the same as without', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), value => {
        const grouped = value.toString().replace(/\B(?=(\d{3})+$)/g, '.');
        expect(parseNumber(grouped, european)).toBe(value.toString());
      }),
    );
  });
});
