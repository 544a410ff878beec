import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineAggregate, parseStream, streamName } from '../../../../src/domain/kernel/aggregate.ts';
import { command } from '../../../../src/domain/kernel/command.ts';
import { defineEvents, versioned } from '../../../../src/domain/kernel/events.ts';
import { emptyIdMap, type IdMap, lookUp, withEntry } from '../../../../src/domain/kernel/idMap.ts';
import { isPersonal, personal } from '../../../../src/domain/kernel/personal.ts';
import { referencesOf } from '../../../../src/domain/kernel/references.ts';
import { isRejection, reject } from '../../../../src/domain/kernel/rejection.ts';
import { Ref, Text } from '../../../../src/domain/kernel/values.ts';
import { ACME, ANN, BOB, id } from '../../../support/ids.ts';

describe('the name of a stream', () => {
  test('is category, workspace and id', () => {
    expect(streamName('accountTree', 'main', ACME)).toBe(`accountTree-main.${ACME}`);
    expect(parseStream(`accountTree-main.${ACME}`)).toEqual({
      category: 'accountTree',
      workspaceId: 'main',
      id: ACME,
    });
  });
  test('may have a workspace with hyphens', () =>
    expect(parseStream(`account-acme-inc-2.${ACME}`)).toMatchObject({
      category: 'account',
      workspaceId: 'acme-inc-2',
    }));
  test.each([
    '$ce-account',
    `account-main.${ACME}.x`,
    `account-ma.in.${ACME}`,
    `account-MAIN.${ACME}`,
    `account.${ACME}`,
    `account-main-${ACME}`,
    `account-main.${ACME}\n`,
    `Account-main.${ACME}`,
    `$$account-main.${ACME}`,
    `account-${'w'.repeat(41)}.${ACME}`,
    '',
  ])('%j is none of ours', stream => expect(parseStream(stream)).toBeUndefined());
});

describe('an event type', () => {
  const events = defineEvents('thing', {
    ThingMade: {
      name: personal(Text(10)),
      phones: personal(z.array(Text(10))).optional(),
      email: personal(Text(10)).nullable().optional(),
      mood: personal(Text(10)).default('calm'),
      size: z.int(),
    },
    ThingMoved: versioned(3, { to: Text(10) }, { 1: data => ({ ...data }), 2: data => ({ ...data }) }),
  });
  test('makes events of its name', () =>
    expect(events.ThingMoved({ to: 'x' })).toEqual({ type: 'ThingMoved', data: { to: 'x' } }));
  test('is of version 1 until it changes', () => {
    expect(events.ThingMade.eventType).toMatchObject({ category: 'thing', type: 'ThingMade', version: 1 });
    expect(events.ThingMoved.eventType.version).toBe(3);
  });
  test('knows its personal fields, however they are wrapped', () => {
    expect([...events.ThingMade.eventType.personal.keys()]).toEqual(['name', 'phones', 'email', 'mood']);
    expect(isPersonal(Text(3))).toBe(false);
    expect(isPersonal(undefined)).toBe(false);
  });
  test('needs an upcaster from every older version', () =>
    expect(() => versioned(3, { to: Text(10) }, { 1: data => data })).toThrow(
      'no upcaster from version 2 to 3',
    ));
});

describe('references in an input', () => {
  const find = referencesOf({
    accountId: Ref('account').optional(),
    ownerId: Ref('user').nullable().optional(),
    contactIds: z.array(Ref('contact')).optional(),
    lines: z.array(z.object({ productId: Ref('product'), note: Text(10).optional() })).default([]),
    deep: z.object({ inner: z.object({ userId: Ref('user') }).nullable() }).optional(),
    piped: Ref('team')
      .transform(value => value)
      .optional(),
    stageId: z.uuid().optional(),
  });

  test('are found at every depth, with their paths', () =>
    expect(
      find({
        accountId: ACME,
        ownerId: ANN,
        contactIds: [ANN, BOB],
        lines: [{ productId: id(1) }, { productId: id(2), note: 'x' }],
        deep: { inner: { userId: BOB } },
        piped: id(3),
        stageId: id(4),
      }),
    ).toEqual([
      { category: 'account', id: ACME, path: 'accountId' },
      { category: 'user', id: ANN, path: 'ownerId' },
      { category: 'contact', id: ANN, path: 'contactIds.0' },
      { category: 'contact', id: BOB, path: 'contactIds.1' },
      { category: 'product', id: id(1), path: 'lines.0.productId' },
      { category: 'product', id: id(2), path: 'lines.1.productId' },
      { category: 'user', id: BOB, path: 'deep.inner.userId' },
      { category: 'team', id: id(3), path: 'piped' },
    ]));
  test.each([{}, { ownerId: null, deep: null }, { deep: { inner: null } }, { lines: [] }, null])(
    'may be none %j',
    input => expect(find(input)).toEqual([]),
  );
  test('are none in a shape without any', () =>
    expect(referencesOf({ name: Text(3) })({ name: 'x' })).toEqual([]));
});

describe('an aggregate', () => {
  const counter = defineAggregate({
    category: 'counter',
    events: defineEvents('counter', { CounterRaised: { by: z.int() } }),
    initial: 0,
    evolve: { CounterRaised: (n, { by }) => n + by },
    commands: { raise: command<number>()({ input: {}, decide: () => [] }) },
  });
  const event = (type: string) => ({ type, data: { by: 1 }, occurredAt: '2017-01-01T00:00:00.000Z' });

  test('folds its own events', () =>
    expect(counter.evolve(counter.initial, event('CounterRaised')).state).toBe(1));
  test.each(['CounterDropped', 'constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'keeps its state at an event that it does not know: %s',
    type => expect(counter.evolve(counter.initial, event(type)).state).toBe(0),
  );
  test('has no derived commands without details', () => {
    expect(Object.keys(counter.commands)).toEqual(['raise']);
    expect([...counter.eventTypes.keys()]).toEqual(['CounterRaised']);
  });
});

test('a rejection is a value that tells itself from events', () => {
  const no = reject('NOT_OPEN', 'reopen it first', 'stageId', { status: 'won' });
  expect(no).toEqual({
    rejected: true,
    code: 'NOT_OPEN',
    message: 'reopen it first',
    path: 'stageId',
    details: { status: 'won' },
  });
  expect(Object.keys(reject('NOT_OPEN', 'no'))).toEqual(['rejected', 'code', 'message']);
  expect(isRejection(no)).toBe(true);
  expect(isRejection([])).toBe(false);
  expect(isRejection(null)).toBe(false);
});

test('an id map behaves as a map, and leaves its former selves alone', () => {
  const step = fc.record({
    key: fc.integer({ min: 0, max: 600 }),
    value: fc.option(fc.string(), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const model = new Map<string, string>();
      let map: IdMap<string> = emptyIdMap;
      for (const { key, value } of steps) {
        const before = lookUp(map, id(key));
        const next = withEntry(map, id(key), value);
        expect(lookUp(map, id(key))).toBe(before);
        map = next;
        if (value === undefined) model.delete(id(key));
        else model.set(id(key), value);
      }
      for (let key = 0; key <= 600; key++) expect(lookUp(map, id(key))).toBe(model.get(id(key)));
    }),
    { numRuns: 30 },
  );
});
