import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Aggregate, defineAggregate } from '../../../src/domain/kernel/aggregate.ts';
import { defineEvents, versioned } from '../../../src/domain/kernel/events.ts';
import { personal, Text } from '../../../src/domain/kernel/values.ts';
import { catalogOf } from '../../../src/eventstore/catalog.ts';
import { createCodec, type StoredEvent, upcast } from '../../../src/eventstore/codec.ts';
import type { Envelope } from '../../../src/eventstore/envelope.ts';
import { streamHash } from '../../../src/eventstore/hash.ts';
import { type PersonalDataCipher, plainPersonalData } from '../../../src/eventstore/personalData.ts';
import { id } from '../../support/ids.ts';

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
  PersonSeen: { times: z.int(), note: Text(20).optional() },
  PersonBroken: versioned(2, { a: z.string() }, { 1: ({ a }) => ({ a: (a as { b: { c: string } }).b.c }) }),
});
const person = defineAggregate({
  category: 'person',
  events,
  initial: {},
  evolve: { PersonNamed: s => s, PersonSeen: s => s, PersonBroken: s => s },
  commands: {},
});
const catalog = catalogOf([person as unknown as Aggregate]);
const codec = createCodec(catalog, plainPersonalData);

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
const dataOf = (event: StoredEvent) => {
  const decoded = codec.decode(event);
  return decoded.kind === 'event' ? decoded.event.data : decoded;
};

describe('encoding', () => {
  const named = { first: 'Ann', last: 'Bee', nickname: null };

  test('puts event after event, each carrying the hash of the one before', () => {
    const sealed = codec.encode([events.PersonSeen({ times: 1 }), events.PersonNamed(named)], target);
    expect(sealed.map(({ event }) => event.revision)).toEqual([5, 6]);
    expect(sealed.map(({ wire }) => (wire.metadata as Envelope).prevHash)).toEqual([
      target.prevHash,
      sealed[0]?.hash,
    ]);
    expect(sealed.map(({ wire }) => (wire.metadata as Envelope).eventVersion)).toEqual([1, 3]);
    expect(sealed.map(({ wire, event }) => wire.id === event.id)).toEqual([true, true]);
  });
  test('what was encoded is decoded as it was', () => {
    const [sealed] = codec.encode([events.PersonNamed(named)], target);
    const { id: eventId, type, data, metadata } = sealed!.wire;
    const read = codec.decode({
      ...JSON.parse(JSON.stringify({ streamId: stream, id: eventId, type, data, metadata, isJson: true })),
      revision: 5n,
      position: { commit: 77n },
    });
    expect(read).toEqual({ kind: 'event', event: { ...sealed!.event, position: 77n } });
  });
  test('the event that is folded has no key that the stored one has not', () => {
    const [sealed] = codec.encode([events.PersonSeen({ times: -0, note: undefined })], target);
    expect(sealed!.event.data).toStrictEqual({ times: 0 });
  });
  test('a decision that breaks its own declaration is a bug', () => {
    expect(() => codec.encode([{ type: 'PersonSeen', data: { times: 'often' } }], target)).toThrow();
    expect(() => codec.encode([{ type: 'PersonLost', data: {} }], target)).toThrow('never declared');
  });
});

describe('decoding', () => {
  test('brings older versions to the latest, step by step', () => {
    const latest = { first: 'Ann', last: 'Bee', nickname: null };
    const type = 'PersonNamed';
    expect(dataOf(stored({ type, version: 1, data: { name: 'Ann Bee' } }))).toEqual(latest);
    expect(dataOf(stored({ type, version: 2, data: { first: 'Ann', last: 'Bee' } }))).toEqual(latest);
    expect(dataOf(stored({ type, version: 3, data: latest }))).toEqual(latest);
  });
  test('an upcaster sees what the cipher opened, and a cipher what was stored', () => {
    const seen: unknown[] = [];
    const cipher: PersonalDataCipher = {
      seal: (_, __, data) => data,
      open: (type, of, data) => {
        seen.push([type.personal, of, data]);
        return { name: 'Ann Bee' };
      },
    };
    const sealed = stored({ type: 'PersonNamed', version: 1, data: { name: 'sealed' } });
    expect(createCodec(catalog, cipher).decode(sealed)).toMatchObject({ event: { data: { first: 'Ann' } } });
    expect(seen).toEqual([[['first', 'last'], stream, { name: 'sealed' }]]);
  });
  test('does not touch data of the latest version', () => {
    const data = { times: 1, unknown: 'kept' };
    expect(upcast(events.PersonSeen.eventType, 1, data)).toBe(data);
  });

  test.each(['$ce-person', 'other-main.x', `account-main.${id(1)}`, `person-MAIN.${id(1)}`, 'person'])(
    'the stream %s is not ours',
    streamId => expect(codec.decode(stored({ streamId }))).toEqual({ kind: 'foreign' }),
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
  ])('%s is undecodable, and says where it stands', (_, change, reason) =>
    expect(codec.decode(stored(change))).toEqual({
      kind: 'undecodable',
      reason: expect.stringContaining(reason),
      stream,
      revision: 5,
      type: 'type' in change ? change.type : 'PersonSeen',
    }),
  );
});
