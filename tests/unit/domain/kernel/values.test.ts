import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import {
  Currency,
  EmailAddress,
  Id,
  Instant,
  LocalDate,
  LowerCaseText,
  Money,
  PhoneNumber,
  Price,
  Tag,
  Text,
} from '../../../../src/domain/kernel/values.ts';

const read = (schema: z.ZodType, value: unknown) => {
  const result = schema.safeParse(value);
  return result.success ? result.data : result.error.issues[0]?.message;
};
const refused = (schema: z.ZodType, value: unknown) => expect(schema.safeParse(value).success).toBe(false);

describe('Text', () => {
  test('is trimmed', () => expect(read(Text(5), '\u00a0 abc\n')).toBe('abc'));
  test('is bounded', () => {
    expect(read(Text(3), 'abc')).toBe('abc');
    for (const text of ['abcd', '', '  ', null, 1]) refused(Text(3), text);
  });
  test.each(['a\u0000b', '\u0000', 'a\ud800', '\udc00b', '\udc00\ud800'])(
    'refuses what no store can hold: %j',
    text => expect(read(Text(9), text)).toContain('U+0000 or half a surrogate pair'),
  );
  test('holds every other character', () =>
    expect(read(Text(9), 'é😀\u0001\u2028x')).toBe('é😀\u0001\u2028x'));
});

describe('LowerCaseText', () => {
  test('is bounded as stored: some letters grow', () => {
    expect(read(LowerCaseText(4), ' ABCD ')).toBe('abcd');
    expect('İ'.toLowerCase()).toHaveLength(2);
    refused(LowerCaseText(3), 'İİ');
    expect(read(LowerCaseText(4), 'İİ')).toHaveLength(4);
  });
});

describe('Id', () => {
  test.each(['01890a5d-ac96-774b-bcce-b302099a8057', '47344766-d27d-8fe3-94f8-d58a87e22789'])(
    '%s is one',
    id => expect(read(Id, id)).toBe(id),
  );
  test.each([
    '47344766-D27D-8FE3-94F8-D58A87E22789',
    '47344766d27d8fe394f8d58a87e22789',
    '47344766-d27d-8fe3-14f8-d58a87e22789',
    ' 47344766-d27d-8fe3-94f8-d58a87e22789',
    '47344766-d27d-8fe3-94f8-d58a87e22789.x',
    '',
  ])('%j is none', id => refused(Id, id));
});

describe('LocalDate', () => {
  test.each(['2017-03-31', '2016-02-29', '0001-01-01', '9999-12-31'])('%s is one', day =>
    expect(read(LocalDate, day)).toBe(day),
  );
  test.each([
    '2017-02-29',
    '2017-13-01',
    '2017-3-1',
    '2017-03-31T00:00:00Z',
    '10000-01-01',
    '',
    '1900-02-29',
  ])('%j is none', day => refused(LocalDate, day));
  test('is of a year that Postgres knows', () =>
    expect(read(LocalDate, '0000-12-31')).toContain('0001 to 9999'));
});

describe('Instant', () => {
  test.each([
    ['2017-03-31T12:00:00Z', '2017-03-31T12:00:00.000Z'],
    ['2017-03-31T12:00:00.5Z', '2017-03-31T12:00:00.500Z'],
    ['2017-03-31T12:00:00.123987654Z', '2017-03-31T12:00:00.123Z'],
    ['2017-03-31T12:00:00+02:00', '2017-03-31T10:00:00.000Z'],
    ['2017-01-01T00:00:00+05:30', '2016-12-31T18:30:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('%s is written as %s', (given, written) => expect(read(Instant, given)).toBe(written));
  test.each([
    '2017-03-31T12:00:00',
    '2017-03-31',
    '2017-02-30T00:00:00Z',
    '2017-03-31T24:00:00Z',
    '1490961600',
    '',
  ])('%j is none', text => refused(Instant, text));
  test.each(['0000-06-01T00:00:00Z', '0001-01-01T00:00:00+01:00', '9999-12-31T23:59:59-00:01'])(
    '%s is of no common year: its text order would not be time order',
    text => expect(read(Instant, text)).toContain('0001 to 9999'),
  );
  test('text order is time order', () =>
    fc.assert(
      fc.property(fc.tuple(instants, instants), ([a, b]) => {
        const [x, y] = [Instant.parse(a), Instant.parse(b)];
        expect(Math.sign(Date.parse(x) - Date.parse(y))).toBe(x < y ? -1 : x > y ? 1 : 0);
      }),
    ));
  const instants = fc
    .date({
      min: new Date('0001-01-02T00:00:00Z'),
      max: new Date('9999-12-30T00:00:00Z'),
      noInvalidDate: true,
    })
    .map(date => date.toISOString().replace('Z', '-03:30'));
});

describe('Money', () => {
  test('is written at its currency’s scale', () => {
    expect(read(Money, { amount: '12500.5', currency: 'EUR' })).toEqual({
      amount: '12500.50',
      currency: 'EUR',
    });
    expect(read(Money, { amount: '5.0', currency: 'JPY' })).toEqual({ amount: '5', currency: 'JPY' });
  });
  test.each([
    'abc',
    '',
    '1e5',
    '1,5',
    '.5',
    '5.',
    '+1',
    ' 1',
    '0x10',
    '1'.repeat(16),
    '1.23456',
    '--1',
    'NaN',
  ])('refuses the amount %j as a value, and does not throw', amount =>
    expect(read(Money, { amount, currency: 'EUR' })).toContain('must be a decimal'),
  );
  test('refuses more decimals than the currency has', () =>
    expect(read(Money, { amount: '0.5', currency: 'JPY' })).toBe('has more than the 0 decimals of JPY'));
  test('says of an unknown currency only that', () => {
    const { error } = Money.safeParse({ amount: '1.234', currency: 'ZZZ' });
    expect(error?.issues.map(({ path }) => path)).toEqual([['currency']]);
  });
  test.each([null, 1, '1 EUR', [], { amount: 1, currency: 'EUR' }, { amount: '1' }, { currency: 'EUR' }])(
    'refuses %j',
    value => refused(Money, value),
  );
  test('a price is not below zero', () => {
    expect(read(Price, { amount: '-0.01', currency: 'EUR' })).toBe('must not be below zero');
    expect(read(Price, { amount: '-0', currency: 'EUR' })).toEqual({ amount: '0.00', currency: 'EUR' });
  });
  test('a currency is a code', () => {
    expect(read(Currency, 'USD')).toBe('USD');
    for (const code of ['usd', 'US', 'ZZZ', '']) refused(Currency, code);
  });
});

describe('EmailAddress', () => {
  test('is normalised', () =>
    expect(read(EmailAddress, ' Ann.B+x@Example.COM ')).toBe('ann.b+x@example.com'));
  test.each([
    'ann',
    'ann@example',
    '@example.com',
    'a b@example.com',
    'a\u0000@example.com',
    `${'a'.repeat(250)}@b.cd`,
  ])('%j is none', text => refused(EmailAddress, text));
});

describe('PhoneNumber', () => {
  test.each(['+4930123456', '+14155550100', '+123456789012345'])('%s is E.164', text =>
    expect(read(PhoneNumber, text)).toBe(text),
  );
  test.each(['030123456', '+0301234567', '+49 30 123456', '+49301', '+1234567890123456', '+49(30)12345'])(
    '%s is not',
    text => refused(PhoneNumber, text),
  );
});

test('Tag is in lower case', () => expect(read(Tag, ' VIP ')).toBe('vip'));

/** Events hold what commands have parsed, and parse it again. */
describe('reading a value a second time changes nothing', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 });
  test.each([
    ['Text', Text(50), text],
    ['LowerCaseText', LowerCaseText(50), text],
    ['Tag', Tag, fc.constantFrom('İ'.repeat(50), 'İ'.repeat(25), 'ΑΣ', 'ẞ', 'ǅ')],
    [
      'Instant',
      Instant,
      fc.date({ noInvalidDate: true }).map(date => date.toISOString().replace('Z', '+14:00')),
    ],
    ['LocalDate', LocalDate, fc.date({ noInvalidDate: true }).map(date => date.toISOString().slice(0, 10))],
    ['EmailAddress', EmailAddress, fc.emailAddress().map(email => email.toUpperCase())],
    [
      'Money',
      Money,
      fc.record({
        amount: fc.stringMatching(/^-?\d{1,16}(\.\d{0,5})?$/),
        currency: fc.constantFrom('EUR', 'JPY', 'KWD', 'CLF', 'ZZZ'),
      }),
    ],
    ['anything as Money', Money, fc.anything()],
  ] as [string, z.ZodType, fc.Arbitrary<unknown>][])('%s', (_, schema, values) =>
    fc.assert(
      fc.property(values, value => {
        const once = schema.safeParse(value);
        if (once.success) expect(schema.parse(once.data)).toEqual(once.data);
      }),
      { numRuns: 500 },
    ),
  );
});
