import { createHash, createHmac, hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chainHash, idFrom, keyedHash, sealEvent, streamHash, uuid8 } from '../../../src/eventstore/hash.ts';
import { id } from '../../support/ids.ts';

/** Everything here is made anew from the words of the design, with nothing of the code under test. */
const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

/** A UUIDv8 is the first 16 bytes of a hash, with version and variant written over 6 bits. */
function asUuid8(hex: string): string {
  const digits = [...hex.slice(0, 32)];
  digits[12] = '8';
  digits[16] = ((Number.parseInt(digits[16]!, 16) & 0x3) | 0x8).toString(16);
  return digits.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** JSON with sorted keys, for values in which that is all that RFC 8785 asks for. */
const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );

const event = {
  stream: `account-main.${id(1)}`,
  revision: 3,
  type: 'AccountRegistered',
  data: {
    name: 'Grüße "&" Söhne',
    amount: { currency: 'EUR', amount: '1.00' },
    list: [2, { b: null, a: true }],
  },
  metadata: { prevHash: 'ab', eventVersion: 1, actor: { type: 'user', id: 'ann' } },
};

test('the id of an event is a UUIDv8 of what it is and where it stands', () => {
  const { id: eventId } = sealEvent(event);
  expect(eventId).toBe(asUuid8(sha256(sorted(event))));
  expect(eventId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('the hash of an event covers its id too, and is what the next one carries', () => {
  const { id: eventId, hash } = sealEvent(event);
  expect(hash).toBe(sha256(sorted({ ...event, id: eventId })));
  expect(chainHash({ ...event, id: eventId })).toBe(hash);
});

test('both are the same after the event has been stored and read', () => {
  const { id: eventId, hash } = sealEvent(event);
  const read = JSON.parse(JSON.stringify({ ...event, id: eventId })) as typeof event & { id: string };
  expect(sealEvent(read)).toEqual({ id: eventId, hash });
  expect(chainHash(read)).toBe(hash);
});

test.each([
  ['stream', { stream: `account-main.${id(2)}` }],
  ['revision', { revision: 4 }],
  ['type', { type: 'AccountArchived' }],
  ['data', { data: { ...event.data, name: 'x' } }],
  ['metadata', { metadata: { ...event.metadata, prevHash: 'ac' } }],
])('another %s is another id and another hash', (_, change) => {
  const { id: eventId, hash } = sealEvent(event);
  const other = sealEvent({ ...event, ...change });
  expect(other.id).not.toBe(eventId);
  expect(other.hash).not.toBe(hash);
  expect(chainHash({ ...event, id: eventId, ...change })).not.toBe(hash);
});

test('for any data, id and hash are those of the canonical JSON', () =>
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean())),
      fc.nat(),
      (data, revision) => {
        const any = { ...event, data, revision };
        const { id: eventId, hash } = sealEvent(any);
        expect(chainHash({ ...any, id: eventId })).toBe(hash);
        expect(eventId).toBe(uuid8(Buffer.from(sha256(canonical(any)), 'hex')));
      },
    ),
  ));
const canonical = (value: unknown): string =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? `{${Object.keys(value)
        .sort()
        .map(key => `${JSON.stringify(key)}:${canonical((value as Record<string, unknown>)[key])}`)
        .join(',')}}`
    : Array.isArray(value)
      ? `[${value.map(canonical).join(',')}]`
      : JSON.stringify(value);

describe('ids made of names', () => {
  test('are a UUIDv8 of the names', () =>
    expect(idFrom('main', 'account', 'c-1')).toBe(asUuid8(sha256('main|account|c-1'))));
  test('the first event of a stream carries the hash of its name', () =>
    expect(streamHash('account-main.x')).toBe(sha256('account-main.x')));
});

test('keyed hashes are HMACs under a key of their purpose', () => {
  const master = Buffer.alloc(32, 7);
  const key = Buffer.from(hkdfSync('sha256', master, '', 'relata/reservation', 32));
  expect(keyedHash(master, 'reservation')('ann@example.com')).toEqual(
    createHmac('sha256', key).update('ann@example.com').digest(),
  );
  expect(keyedHash(master, 'command-input')('x')).not.toEqual(keyedHash(master, 'reservation')('x'));
  expect(keyedHash(Buffer.alloc(32, 8), 'reservation')('x')).not.toEqual(
    keyedHash(master, 'reservation')('x'),
  );
});
