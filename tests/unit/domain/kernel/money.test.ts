import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compareMoney,
  currencyScale,
  isCurrency,
  isTooLarge,
  multiplyMoney,
  normaliseAmount,
  sameMoney,
  sumMoney,
} from '../../../../src/domain/kernel/money.ts';
import { eur, usd } from '../../../support/sales.ts';

const jpy = (amount: string) => ({ amount, currency: 'JPY' });
const kwd = (amount: string) => ({ amount, currency: 'KWD' });

test.each([
  ['EUR', 2],
  ['USD', 2],
  ['JPY', 0],
  ['KRW', 0],
  ['ISK', 0],
  ['KWD', 3],
  ['TND', 3],
  ['CLF', 4],
  ['UYW', 4],
])('%s has %i decimals', (currency, decimals) => {
  expect(currencyScale(currency)).toBe(decimals);
  expect(isCurrency(currency)).toBe(true);
});

test.each(['', 'eur', 'EURO', 'ZZZ', '€', 'constructor', '__proto__'])('%j is no currency', code =>
  expect(isCurrency(code)).toBe(false),
);

describe('an amount is written at its currency’s scale', () => {
  test.each([
    [eur('12500.5'), '12500.50'],
    [eur('1'), '1.00'],
    [eur('1.0000'), '1.00'],
    [eur('007.10'), '7.10'],
    [eur('-0.5'), '-0.50'],
    [eur('-0'), '0.00'],
    [eur('0.00'), '0.00'],
    [jpy('100'), '100'],
    [jpy('100.0'), '100'],
    [jpy('-7'), '-7'],
    [kwd('0.1'), '0.100'],
    [{ amount: '1.2345', currency: 'CLF' }, '1.2345'],
  ])('%j is %s', (money, text) => expect(normaliseAmount(money)).toBe(text));

  test.each([eur('1.001'), eur('0.0001'), jpy('1.5'), kwd('1.2345')])('%j has too many decimals', money =>
    expect(normaliseAmount(money)).toBeUndefined(),
  );
});

describe('multiplying rounds half away from zero to the minor unit', () => {
  test.each([
    [eur('10.00'), '1', '10.00'],
    [eur('0.01'), '0.5', '0.01'],
    [eur('0.01'), '0.4999', '0.00'],
    [eur('0.03'), '0.5', '0.02'],
    [eur('-0.01'), '0.5', '-0.01'],
    [eur('-0.01'), '0.49', '0.00'],
    [eur('33.33'), '3', '99.99'],
    [eur('1.15'), '0.1', '0.12'],
    [eur('4821.00'), '10', '48210.00'],
    [jpy('5'), '0.5', '3'],
    [kwd('0.001'), '0.5', '0.001'],
    [eur('999999999999999.99'), '1', '999999999999999.99'],
  ])('%j × %s = %s', (unit, quantity, product) =>
    expect(multiplyMoney(unit, quantity)).toEqual({ ...unit, amount: product }),
  );
});

test('a sum is exact where floating point is not', () => {
  expect(sumMoney([eur('0.10'), eur('0.20')])).toEqual(eur('0.30'));
  expect(sumMoney([eur('999999999999999.99'), eur('0.01')])).toEqual(eur('1000000000000000.00'));
  expect(sumMoney([eur('1.00'), eur('-1.01')])).toEqual(eur('-0.01'));
  expect(sumMoney([jpy('1'), jpy('2')])).toEqual(jpy('3'));
});

test('a sum over currencies has no meaning', () =>
  expect(() => sumMoney([eur('1.00'), usd('1.00')])).toThrow('EUR and USD'));

test('amounts are compared by value', () => {
  expect(compareMoney(eur('9.00'), eur('10.00'))).toBeLessThan(0);
  expect(compareMoney(eur('10.0'), eur('10.00'))).toBe(0);
  expect(compareMoney(eur('-1.00'), eur('-2.00'))).toBeGreaterThan(0);
  expect(sameMoney(eur('1'), eur('1.00'))).toBe(true);
  expect(sameMoney(eur('1'), usd('1'))).toBe(false);
  expect(sameMoney(undefined, eur('0'))).toBe(false);
  expect(sameMoney(undefined, undefined)).toBe(true);
});

test('more than 15 digits before the point are too large', () => {
  expect(isTooLarge(eur('999999999999999.99'))).toBe(false);
  expect(isTooLarge(eur('-999999999999999.99'))).toBe(false);
  expect(isTooLarge(eur('1000000000000000.00'))).toBe(true);
});

describe('for any amounts', () => {
  const currency = fc.constantFrom('EUR', 'JPY', 'KWD', 'CLF');
  const money = (of: string) =>
    fc
      .bigInt(-(10n ** 15n), 10n ** 15n)
      .map(minor => ({ amount: decimal(minor, currencyScale(of)), currency: of }));
  /** Independent of the code under test: minor units as a decimal. */
  const decimal = (minor: bigint, scale: number) => {
    const digits = `${minor < 0n ? -minor : minor}`.padStart(scale + 1, '0');
    const point = digits.length - scale;
    return `${minor < 0n ? '-' : ''}${digits.slice(0, point)}${scale ? `.${digits.slice(point)}` : ''}`;
  };
  const moneys = currency.chain(of => fc.tuple(money(of), money(of), money(of)));

  test('sums do not depend on the order or on brackets', () =>
    fc.assert(
      fc.property(moneys, ([a, b, c]) => {
        expect(sumMoney([a, b, c])).toEqual(sumMoney([c, sumMoney([b, a])]));
      }),
    ));
  test('normalising is idempotent and changes no value', () =>
    fc.assert(
      fc.property(moneys, ([a]) => {
        expect(normaliseAmount(a)).toBe(a.amount);
        expect(sameMoney(a, { ...a, amount: `${a.amount}${a.amount.includes('.') ? '' : '.'}00` })).toBe(
          true,
        );
      }),
    ));
  test('multiplying by a whole number is adding so often', () =>
    fc.assert(
      fc.property(moneys, fc.integer({ min: 1, max: 20 }), ([a], times) => {
        expect(multiplyMoney(a, String(times))).toEqual(
          sumMoney([a, ...Array.from({ length: times - 1 }, () => a)]),
        );
      }),
    ));
  test('multiplying is never off by more than half a minor unit', () =>
    fc.assert(
      fc.property(moneys, fc.bigInt(0n, 10n ** 8n), ([a], tenThousandths) => {
        const minor = (m: { amount: string }) => BigInt(m.amount.replace('.', ''));
        const exact = minor(a) * tenThousandths; // in ten-thousandths of a minor unit
        const rounded = minor(multiplyMoney(a, decimal(tenThousandths, 4))) * 10_000n;
        const off = exact - rounded;
        expect(off < 0n ? -off : off).toBeLessThanOrEqual(5_000n);
      }),
    ));
});
