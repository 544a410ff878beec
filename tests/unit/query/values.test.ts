import { describe, expect, test } from 'vitest';
import {
  instantFrom,
  isDay,
  isDecimal,
  isId,
  isText,
  positionOf,
} from '../../../src/projections/query/values.ts';

describe('instants', () => {
  test.each([
    ['2017-03-31T12:00Z', '2017-03-31T12:00:00.000Z'],
    ['2017-03-31T12:00:00+02:00', '2017-03-31T10:00:00.000Z'],
    ['2017-03-31T23:30:00.5-01:00', '2017-04-01T00:30:00.500Z'],
    ['2017-03-31T12:00:00.123456Z', '2017-03-31T12:00:00.123456Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ])('%s is %s', (text, instant) => {
    expect(instantFrom(text)).toBe(instant);
  });

  test.each([
    '2017-03-31',
    '2017-03-31T12:00:00',
    '2017-02-29T12:00:00Z',
    '2017-03-31T25:00:00Z',
    '2017-03-31T12:00:00+24:00',
    '2017-03-31t12:00:00z',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    '12017-03-31T12:00:00Z',
    'now',
    '',
    1,
    null,
    {},
  ])('%s is none', value => {
    expect(instantFrom(value)).toBeUndefined();
  });
});

test('days exist', () => {
  expect(['2016-02-29', '0001-01-01', '9999-12-31'].every(isDay)).toBe(true);
  expect(['2017-02-29', '2017-13-01', '0000-01-01', '17-1-1', '2017-03-31T00:00:00Z', 5].some(isDay)).toBe(
    false,
  );
});

test('positions are numbers that the log can have', () => {
  expect(['0', '9223372036854775807', 12].map(positionOf)).toEqual([0n, 2n ** 63n - 1n, 12n]);
  for (const value of ['9223372036854775808', '-1', '1.5', ' 1', '', 1.5, -1, 2 ** 60, null, true, 1n])
    expect(positionOf(value)).toBeUndefined();
});

test('texts that Postgres can hold, decimals that are not floats, ids', () => {
  expect([isText(''), isText('x'.repeat(10_000)), isText('𝄞')]).toEqual([true, true, true]);
  expect([isText('x'.repeat(10_001)), isText('a\u0000'), isText('\ud834'), isText(1)]).toEqual(
    Array(4).fill(false),
  );
  expect(['1', '-12.5', '0.0000000001', '1'.repeat(20)].every(isDecimal)).toBe(true);
  expect(['1.', '.5', '1e3', '+1', 'NaN', '1'.repeat(21), '1.00000000001', 1].some(isDecimal)).toBe(false);
  expect(isId('00000000-0000-7000-8000-00000000000A')).toBe(true);
  expect(isId('00000000-0000-7000-8000-00000000000')).toBe(false);
});
