import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Aggregate, defineAggregate } from '../../../src/domain/kernel/aggregate.ts';
import { defineEvents, versioned } from '../../../src/domain/kernel/events.ts';
import { personal } from '../../../src/domain/kernel/personal.ts';
import { Ref, Text } from '../../../src/domain/kernel/values.ts';
import { catalogOf } from '../../../src/eventstore/catalog.ts';
import { createCodec, type SealedEvent, type StoredEvent } from '../../../src/eventstore/codec.ts';
import type { Envelope } from '../../../src/eventstore/envelope.ts';
import { streamHash } from '../../../src/eventstore/hash.ts';
import { upcast } from '../../../src/eventstore/reading.ts';
import { id } from '../../support/ids.ts';
import { memoryVault } from '../../support/memoryVault.ts';

/** Version 1 had a full name, version 2 split it, version 3 asks for a nickname. */
const events = defineEvents('person', {
  PersonNamed: versioned(
    3,
    { first: personal(Text(50)), last: personal(Text(50)), nickname: z.string().nullable() },
    {
      1: ({ name, ...rest }) => {
        const [first, last] = String(name).split(' ');
        return { ...rest, first, last };
      },
      2: data => ({ ...data, nickname: null }),
    },
  ),
  PersonMet: {
    who: Ref('person'),
    where: Text(50),
    words: personal(z.array(Text(50)), { subject: 'who' }).optional(),
  },
  PersonSeen: { times: z.int(), note: Text(20).optional() },
  PersonBroken: versioned(2, { a: z.string() }, { 1: ({ a }) => ({ a: (a as { b: { c: string } }).b.c }) }),
});
const person = defineAggregate({
  category: 'person',
  events,
  initial: {},
  evolve: { PersonNamed: s => s, PersonMet: s => s, PersonSeen: s => s, PersonBroken: s => s },
  commands: {},
});
const catalog = catalogOf([person as unknown as Aggregate]);
let vault = memoryVault();
let codec = createCodec(catalog, vault);
beforeEach(() => {
  vault = memoryVault();
  codec = createCodec(catalog, vault);
});

const stream = `person-main.${id(1)}`;
const envelope: Omit<Envelope, 'eventVersion' | 'prevHash'> = {
  workspaceId: 'main',
  actor: { type: 'user', id: 'ann' },
  commandId: 'c-1',
  inputHash: 'ab',
  $correlationId: 'c-0',
  $causationId: 'c-0',
  occurredAt: '2017-03-31T12:00:00.000Z',
  recordedAt: '2017-03-31T12:00:01.000Z',
};
const target = { stream, revision: 5, prevHash: streamHash(stream), envelope };
const stored = (change: Partial<StoredEvent> & { version?: number } = {}): StoredEvent => ({
  streamId: stream,
  id: id(9),
  revision: 5n,
  type: 'PersonSeen',
  isJson: true,
  data: { times: 1 },
  metadata: { ...envelope, eventVersion: change.version ?? 1, prevHash: 'x' },
  ...change,
});
/** A sealed event as a read of the store brings it. */
const asStored = ({ wire: { id, type, data, metadata } }: SealedEvent): StoredEvent => ({
  ...JSON.parse(JSON.stringify({ streamId: stream, id, type, data, metadata, isJson: true })),
  revision: 5n,
  position: { commit: 77n },
});
const decodeOne = async (event: StoredEvent) => (await codec.decode([event]))[0];
const dataOf = async (event: StoredEvent) => {
  const decoded = await decodeOne(event);
  return decoded?.kind === 'event' ? decoded.event.data : decoded;
};

describe('encoding', () => {
  const named = { first: 'Ann', last: 'Bee', nickname: null };

  test('puts event after event, each carrying the hash of the one before', async () => {
    const sealed = await codec.encode([events.PersonSeen({ times: 1 }), events.PersonNamed(named)], target);
    expect(sealed.map(({ event }) => event.revision)).toEqual([5, 6]);
    expect(sealed.map(({ wire }) => (wire.metadata as Envelope).prevHash)).toEqual([
      target.prevHash,
      sealed[0]?.hash,
    ]);
    expect(sealed.map(({ wire }) => (wire.metadata as Envelope).eventVersion)).toEqual([1, 3]);
    expect(sealed.map(({ wire, event }) => wire.id === event.id)).toEqual([true, true]);
  });
  test('what was encoded is decoded as it was', async () => {
    const [sealed] = await codec.encode([events.PersonNamed(named)], target);
    const read = await decodeOne(asStored(sealed!));
    expect(read).toEqual({ kind: 'event', event: { ...sealed!.event, position: 77n } });
  });
  test('the event that is folded has no key that the stored one has not', async () => {
    const [sealed] = await codec.encode([events.PersonSeen({ times: -0, note: undefined })], target);
    expect(sealed!.event.data).toStrictEqual({ times: 0 });
  });
  test('a decision that breaks its own declaration is a bug', async () => {
    await expect(codec.encode([{ type: 'PersonSeen', data: { times: 'often' } }], target)).rejects.toThrow();
    await expect(codec.encode([{ type: 'PersonLost', data: {} }], target)).rejects.toThrow('never declared');
  });
});

describe('decoding', () => {
  test('brings older versions to the latest, step by step', async () => {
    const latest = { first: 'Ann', last: 'Bee', nickname: null };
    const type = 'PersonNamed';
    expect(await dataOf(stored({ type, version: 1, data: { name: 'Ann Bee' } }))).toEqual(latest);
    expect(await dataOf(stored({ type, version: 2, data: { first: 'Ann', last: 'Bee' } }))).toEqual(latest);
    expect(await dataOf(stored({ type, version: 3, data: latest }))).toEqual(latest);
  });
  test('does not touch data of the latest version', () => {
    const data = { times: 1, unknown: 'kept' };
    expect(upcast(events.PersonSeen.eventType, 1, data)).toBe(data);
  });

  test.each(['$ce-person', 'other-main.x', `account-main.${id(1)}`, `person-MAIN.${id(1)}`, 'person'])(
    'the stream %s is not ours',
    async streamId => expect(await decodeOne(stored({ streamId }))).toEqual({ kind: 'foreign' }),
  );
  test.each([
    ['an unknown type', { type: 'PersonVanished' }, 'unknown event type'],
    ['a name from Object.prototype', { type: 'constructor' }, 'unknown event type'],
    ['a version from the future', { version: 2 }, 'version 2 is newer than 1'],
    ['a version that never was', { version: 0 }, 'no envelope'],
    ['no JSON', { isJson: false }, 'no JSON object'],
    ['a list', { data: [] }, 'no JSON object'],
    ['null', { data: null }, 'no JSON object'],
    ['no metadata', { metadata: undefined }, 'no envelope'],
    ['metadata of somebody else', { metadata: { eventVersion: 1 } }, 'no envelope'],
    ['data that its upcaster cannot read', { type: 'PersonBroken', data: {} }, "can't be brought to 2"],
    [
      'names of keys that are none',
      { metadata: { ...envelope, eventVersion: 1, keys: { times: 'k' } } },
      'no envelope',
    ],
  ])('%s is undecodable, and says where it stands', async (_, change, reason) =>
    expect(await decodeOne(stored(change))).toEqual({
      kind: 'undecodable',
      reason: expect.stringContaining(reason),
      stream,
      revision: 5,
      type: 'type' in change ? change.type : 'PersonSeen',
    }),
  );
});

describe('personal fields', () => {
  const named = { first: 'Ann', last: 'Bee', nickname: 'annie' };
  const self = { workspaceId: 'main', category: 'person', id: id(1) };
  const bob = { workspaceId: 'main', category: 'person', id: id(2) };
  const met = { who: id(2), where: 'at the fair', words: ['hello', 'later'] };
  const write = async (...decided: Parameters<typeof codec.encode>[0]) =>
    (await codec.encode(decided, target)).map(asStored);
  const keysOf = ({ metadata }: StoredEvent) => (metadata as Envelope).keys;

  test('are stored under the key of their subject, which the envelope names, and no others are', async () => {
    const [event] = await write(events.PersonNamed(named));
    expect(event!.data).toEqual({ first: expect.any(String), last: expect.any(String), nickname: 'annie' });
    expect(JSON.stringify([event!.data, event!.metadata])).not.toMatch(/Ann|Bee/);
    const { first, ...rest } = keysOf(event!) ?? {};
    expect(rest).toEqual({ last: first });
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(keysOf((await write(events.PersonSeen({ times: 1 })))[0]!)).toBe(undefined);
  });
  test('may be about another record: the one that a field of the event names', async () => {
    const [own, other] = await write(events.PersonNamed(named), events.PersonMet(met));
    const sealed = keysOf(other!);
    expect(Object.keys(sealed ?? {})).toEqual(['words']);
    expect(sealed?.words).not.toBe(keysOf(own!)?.first);
    await vault.erase(self);
    expect(await dataOf(other!)).toEqual(met);
    await vault.erase(bob);
    expect(await dataOf(other!)).toEqual({ ...met, words: [] });
  });
  test('a subject that is no reference to a record is refused where it is declared', () =>
    expect(() =>
      defineEvents('thing', { ThingSaid: { of: Text(9), words: personal(Text(9), { subject: 'of' }) } }),
    ).toThrow('words is about the record in of, which is no Ref to one'));
  test('are under one key for each person, and never sealed in the same way twice', async () => {
    const [one, two] = await write(events.PersonNamed(named), events.PersonNamed(named));
    expect(keysOf(one!)).toEqual(keysOf(two!));
    const texts = [one, two].flatMap(event =>
      [event!.data].flatMap(d => Object.values(d as object).slice(0, 2)),
    );
    expect(new Set(texts).size).toBe(4);
  });
  test('a field that is not given is not sealed', async () => {
    const [event] = await write(events.PersonMet({ who: id(2), where: 'here' }));
    expect([event!.data, keysOf(event!)]).toEqual([{ who: id(2), where: 'here' }, undefined]);
    expect(vault.asked).toEqual([]);
  });
  test('ask for their keys once for all the events that are handed over together, and other events for none', async () => {
    const some = await write(events.PersonNamed(named), events.PersonMet(met), events.PersonNamed(named));
    expect(vault.asked).toEqual([{ for: 'writing', keys: 0, subjects: 5 }]);
    vault.asked.length = 0;
    await codec.decode([...some, ...(await write(events.PersonSeen({ times: 2 })))]);
    expect(vault.asked).toEqual([{ for: 'reading', keys: 2, subjects: 0 }]);
  });
  test('those that an older Relata wrote in the clear are read, until their person is erased', async () => {
    const event = stored({ type: 'PersonNamed', version: 3, data: named });
    expect(await dataOf(event)).toEqual(named);
    expect(vault.asked).toEqual([{ for: 'reading', keys: 0, subjects: 2 }]);
    await vault.erase(self);
    expect(await dataOf(event)).toEqual({ nickname: 'annie' });
  });
  test('an upcaster sees what was sealed in the open, and can’t bring back what is erased', async () => {
    const old = catalogOf([
      { ...(person as unknown as Aggregate), eventTypes: new Map([['PersonNamed', firstVersion]]) },
    ]);
    const [sealed] = await createCodec(old, vault).encode(
      [{ type: 'PersonNamed', data: { name: 'Ann Bee' } }],
      target,
    );
    const event = asStored(sealed!);
    expect(event.data).toEqual({ name: expect.not.stringContaining('Ann') });
    expect(await dataOf(event)).toEqual({ first: 'Ann', last: 'Bee', nickname: null });
    await vault.erase(self);
    expect(await dataOf(event)).toEqual({ nickname: null });
  });
  const firstVersion = defineEvents('person', { PersonNamed: { name: personal(Text(50)) } }).PersonNamed
    .eventType;

  test('nothing is written about an erased person', async () => {
    await vault.erase(bob);
    await expect(write(events.PersonMet(met))).rejects.toMatchObject({ vaultError: 'SUBJECT_ERASED' });
  });
  test('a key that nobody has ever heard of is no erased one: reading stops', async () => {
    const [event] = await write(events.PersonNamed(named));
    vault.forget();
    await expect(codec.decode([stored(), event!])).rejects.toMatchObject({
      vaultError: 'KEY_MISSING',
      message: expect.stringContaining(`an event PersonNamed of ${stream} is not in the vault`),
    });
  });
  test.each<[string, (event: StoredEvent) => Partial<StoredEvent>]>([
    [
      'altered',
      ({ data }) => ({ data: { ...(data as object), first: flipped((data as typeof named).first) } }),
    ],
    ['cut', ({ data }) => ({ data: { ...(data as object), first: 'AAAA' } })],
    ['a number', ({ data }) => ({ data: { ...(data as object), first: 7 } })],
    [
      'moved to another field',
      ({ data }) => ({ data: { ...(data as object), first: (data as typeof named).last } }),
    ],
    ['moved to another stream', () => ({ streamId: `person-main.${id(3)}` })],
  ])('what was %s is undecodable', async (_, change) => {
    const [event] = await write(events.PersonNamed(named));
    expect(await decodeOne({ ...event!, ...change(event!) })).toMatchObject({
      kind: 'undecodable',
      reason: expect.stringMatching(/^its field (first|last) was altered, or is from another place$/),
    });
  });
});

/** With one bit of its middle changed. */
function flipped(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes.writeUInt8(bytes.readUInt8(14) ^ 1, 14);
  return bytes.toString('base64');
}
