import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/eventstore/canonical.ts';

describe('canonical JSON (RFC 8785)', () => {
  test('writes the example of section 3.2.4', () => {
    const text = String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`;
    expect(canonicalJson(JSON.parse(text))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });
  test('sorts keys by UTF-16 code units, as in section 3.2.3', () => {
    const keys = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
    const written = canonicalJson(Object.fromEntries(keys.map((key, n) => [key, n])));
    expect(Object.keys(JSON.parse(written) as object)).toEqual([
      '1',
      '\r',
      '\u0080',
      '\u00f6',
      '\u20ac',
      '\ud83d\ude00',
      '\ufb33',
    ]);
    expect(written).toBe('{"\\r":1,"1":3,"\u0080":5,"ö":6,"€":0,"😀":4,"\ufb33":2}');
  });
  test('sorts numbers as text', () =>
    expect(canonicalJson({ 10: 1, 9: 2, '-1': 3 })).toBe('{"-1":3,"10":1,"9":2}'));
  test.each([
    [0, '0'],
    [-0, '0'],
    [5e-324, '5e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [9007199254740992, '9007199254740992'],
    [295147905179352830000, '295147905179352830000'],
    [1e21, '1e+21'],
    [0.000001, '0.000001'],
    [1e-7, '1e-7'],
    [333333333.33333325, '333333333.33333325'],
  ])('writes the number %d as ECMAScript does (appendix B)', (number, text) =>
    expect(canonicalJson(number)).toBe(text),
  );
  test.each([Number.NaN, Number.POSITIVE_INFINITY, undefined, Symbol('x'), 1n, () => 1])(
    'has no text for %s',
    value => expect(() => canonicalJson(value)).toThrow(TypeError),
  );
  test.each([Number.NaN, Symbol('x'), 1n, () => 1])('has none for what holds %s, at any depth', value => {
    expect(() => canonicalJson({ a: [{ b: value }] })).toThrow(TypeError);
    expect(() => canonicalJson({ 1: [{ b: value }] })).toThrow(TypeError);
  });
  test.each([
    ['\u0000\u001f\u007f', '"\\u0000\\u001f\u007f"'],
    ['\b\t\n\f\r"\\/', '"\\b\\t\\n\\f\\r\\"\\\\/"'],
    ['\u2028', '"\u2028"'],
  ])('escapes no more than it must: %j', (value, text) => expect(canonicalJson(value)).toBe(text));
  test('keeps the order of lists, and sorts at every depth', () =>
    expect(canonicalJson([{ b: [{ d: 1, c: 2 }], a: {} }, []])).toBe('[{"a":{},"b":[{"c":2,"d":1}]},[]]'));
  test('leaves out what JSON leaves out', () =>
    expect(canonicalJson({ a: undefined, b: [undefined], c: null })).toBe('{"b":[null],"c":null}'));
  test('takes any key for a key', () => {
    const value: unknown = JSON.parse('{"constructor":2,"__proto__":1,"":3}');
    expect(canonicalJson(value)).toBe('{"":3,"__proto__":1,"constructor":2}');
  });
});

describe('for any JSON value', () => {
  const shuffled = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(shuffled)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([key, item]) => [key, shuffled(item)]),
          )
        : value;

  test('the text means the same value, and the same value has the same text', () =>
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(shuffled(value))).toBe(text);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    ));
});
