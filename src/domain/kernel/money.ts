/** Exact arithmetic on money: amounts are decimal strings at the currency's scale, sums are made in minor units. */

type Money = { readonly amount: string; readonly currency: string };

// ISO 4217 minor units that are not 2 (list one, 2024); a log outlives any runtime's locale data.
const SCALES: ReadonlyMap<string, number> = new Map([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'
    .split(' ')
    .map(c => [c, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map(c => [c, 3] as const),
  ...'CLF UYW'.split(' ').map(c => [c, 4] as const),
]);

const KNOWN = new Set([...Intl.supportedValuesOf('currency'), ...SCALES.keys()]);

export const isCurrency = (code: string): boolean => KNOWN.has(code);

/** How many decimals the currency has. */
export const currencyScale = (currency: string): number => SCALES.get(currency) ?? 2;

/** The amount at exactly its currency's scale, or nothing when it has more decimals than that. */
export function normaliseAmount(money: Money): string | undefined {
  const scale = currencyScale(money.currency);
  const fraction = money.amount.split('.')[1] ?? '';
  if (fraction.length > scale && !/^0*$/.test(fraction.slice(scale))) return undefined;
  return fromMinor(parse(money.amount, scale), scale);
}

/** Digits before the point that an amount may have, also one that was computed. */
export const MAX_WHOLE_DIGITS = 15;

export const isTooLarge = ({ amount }: Money): boolean =>
  amount.replace('-', '').split('.')[0]!.length > MAX_WHOLE_DIGITS;

/** Compares amounts of one currency: negative, zero or positive. */
export const compareMoney = (a: Money, b: Money): number => {
  const [x, y] = [minor(a), minor(b)];
  return x < y ? -1 : x > y ? 1 : 0;
};

export const sameMoney = (a: Money | undefined, b: Money | undefined): boolean =>
  a === b || (!!a && !!b && a.currency === b.currency && minor(a) === minor(b));

/** The sum; all must have the same currency (a sum over currencies has no meaning here). */
export function sumMoney(amounts: readonly [Money, ...Money[]]): Money {
  const { currency } = amounts[0];
  const total = amounts.reduce((sum, m) => {
    if (m.currency !== currency) throw new Error(`a sum over ${currency} and ${m.currency} has no meaning`);
    return sum + minor(m);
  }, 0n);
  return { amount: fromMinor(total, currencyScale(currency)), currency };
}

/** `unit × quantity`, rounded half away from zero to the minor unit; the quantity is a decimal string. */
export function multiplyMoney(unit: Money, quantity: string): Money {
  const decimals = quantity.split('.')[1]?.length ?? 0;
  const product = minor(unit) * parse(quantity, decimals);
  const divisor = 10n ** BigInt(decimals);
  const half = product < 0n ? -divisor / 2n : divisor / 2n;
  return {
    amount: fromMinor((product + half) / divisor, currencyScale(unit.currency)),
    currency: unit.currency,
  };
}

const minor = (m: Money) => parse(m.amount, currencyScale(m.currency));

/** The decimal text as an integer of 10^-scale; digits past the scale are cut. */
function parse(decimal: string, scale: number): bigint {
  const [whole = '0', fraction = ''] = decimal.replace('-', '').split('.');
  const value = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'));
  return decimal.startsWith('-') ? -value : value;
}

function fromMinor(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const sign = value < 0n ? '-' : '';
  return scale === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-scale)}`;
}
