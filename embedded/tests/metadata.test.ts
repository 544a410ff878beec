import { describe, expect, it } from 'vitest';
import { DELETED_METADATA, NO_LIMITS, readLimits, truncatedBefore } from '../src/metadata.ts';

const limits = (json: string) => readLimits(Buffer.from(json));

describe('the limits of a stream', () => {
  it.each([
    ['{}', {}],
    ['{"$maxCount":3}', { maxCount: 3 }],
    ['{"$maxAge":60}', { maxAge: 60_000 }],
    ['{"$tb":5}', { truncateBefore: 5 }],
    [
      '{"$tb":5,"$maxCount":3,"$acl":{"$r":"$all","$w":["a"]},"$tmp":true,"$cacheControl":5,"own":{"$tb":7}}',
      { truncateBefore: 5, maxCount: 3 },
    ],
    ['{"$maxAge":922337203685}', { maxAge: 922_337_203_685_000 }],
    // Zero and less are no limits, and keep no other from counting
    ['{"$maxCount":0,"$maxAge":-1,"$tb":-4}', {}],
    ['{"$maxCount":0,"$tb":2}', { truncateBefore: 2 }],
    // The one revision that means “deleted”, which no Number can tell from its neighbours
    ['{"$tb":9223372036854775806}', { truncateBefore: 2 ** 63, deleted: false }],
    [DELETED_METADATA.toString(), { truncateBefore: 2 ** 63, deleted: true }],
    // What isn't metadata, in any part, says nothing
    ['{"$maxCount":3,"$tb":9223372036854775808}', {}],
    ['{"$maxCount":3,"$tb":"5"}', {}],
    ['{"$maxCount":3.5,"$tb":5}', {}],
    ['{"$maxCount":3,"$maxAge":922337203686}', {}],
    ['{"$maxCount":3,"$cacheControl":"long"}', {}],
    ['{"$maxCount":3,"$tmp":1}', {}],
    ['{"$maxCount":3,"$acl":null}', {}],
    ['{"$maxCount":3,"$acl":{"$r":["a",2]}}', {}],
    ['{"$maxCount":3,"$acl":{"$x":"a"}}', {}],
    ['{"$maxCount":3', {}],
    ['[3]', {}],
    ['null', {}],
    ['', {}],
  ])('in %s', (json, expected) => {
    expect(limits(json)).toEqual({ ...NO_LIMITS, ...expected });
  });
});

describe('metadata with another $tb', () => {
  it.each([
    ['{"$tb":9223372036854775807}', '{"$tb":3}'],
    [
      '{"$maxCount":5,"big":12345678901234567890,"half":1.50}',
      '{"$maxCount":5,"big":12345678901234567890,"half":1.50,"$tb":3}',
    ],
    ['{"nested":{"$tb":9}}', '{"nested":{"$tb":9},"$tb":3}'],
  ])('of %s are %s', (json, expected) => {
    expect(truncatedBefore(Buffer.from(json), 3)?.toString()).toBe(expected);
  });

  it.each(['', '3', '[]', '{'])('are none of %s', json => {
    expect(truncatedBefore(Buffer.from(json), 3)).toBeUndefined();
  });
});
