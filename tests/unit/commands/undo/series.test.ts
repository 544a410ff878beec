/** A series taken back in the log: what is written, by whom and why. */
import { describe, expect, test } from 'vitest';
import { reject } from '../../../../src/domain/kernel/rejection.ts';
import { expectWholeChain } from '../../../support/chain.ts';
import { ANN } from '../../../support/ids.ts';
import { memoryVault } from '../../../support/memoryVault.ts';
import { eur } from '../../../support/sales.ts';
import { carriedOut, writeSide } from '../../../support/writeSide.ts';
import { ANN_AT } from '../contacts.ts';
import { opened, types } from '../support.ts';

import { account, envelope, series, world } from './world.ts';

test('it goes into a stream at once, says by whom, and which command each event takes back', async () => {
  const { here, undo, logOf, store } = world();
  const id = await account(here, { industry: 'steel' });
  await carriedOut(
    here.send(
      'changeAccountDetails',
      { name: 'B', industry: null, phone: '1' },
      { id, commandId: 'c1', ...series },
    ),
  );
  await carriedOut(here.send('tagAccount', { tags: ['x', 'y'] }, { id, commandId: 'c2', ...series }));
  store.calls.length = 0;
  const [done] = await undo();
  expect(done).toMatchObject({ category: 'account', id, leftAlone: [], already: 0, appended: 3 });
  expect(done?.takenBack.map(({ event, parts }) => [event.type, parts])).toEqual([
    ['AccountTagApplied', ['tags.y']],
    ['AccountTagApplied', ['tags.x']],
    ['AccountDetailsChanged', ['name', 'industry', 'phone']],
  ]);
  const log = logOf('account', id);
  expectWholeChain(log);
  expect(log.slice(4).map(({ type, data }) => [type, data])).toEqual([
    ['AccountTagRemoved', { tag: 'y' }],
    ['AccountTagRemoved', { tag: 'x' }],
    ['AccountDetailsChanged', { name: 'Acme', industry: 'steel', phone: null }],
  ]);
  expect(log.slice(4).map(event => envelope(event).$causationId)).toEqual(['c2', 'c2', 'c1']);
  for (const event of log.slice(4))
    expect(envelope(event)).toMatchObject({ $correlationId: 'undo', actor: { type: 'user', id: ANN } });
  expect(store.calls.filter(({ kind }) => kind === 'append')).toHaveLength(1);
});

test('a command alone is taken back, and an undo itself', async () => {
  const { here, undo, logOf } = world();
  const id = await account(here);
  await carriedOut(here.send('changeAccountDetails', { name: 'B' }, { id, commandId: 'c1' }));
  await carriedOut(here.send('changeAccountDetails', { phone: '1' }, { id, commandId: 'c2' }));
  await undo(here, { commandId: 'c1' }, { undoId: 'u1' });
  expect(logOf('account', id).at(-1)?.data).toEqual({ name: 'Acme' });
  await undo(here, { correlationId: 'u1' }, { undoId: 'u2' });
  expect(logOf('account', id).at(-1)?.data).toEqual({ name: 'B' });
  await undo(here, { commandId: 'c1' }, { undoId: 'u1' });
  expect(logOf('account', id).at(-1)?.data, 'what was brought back can be taken back again').toEqual({
    name: 'Acme',
  });
  expect(logOf('account', id)).toHaveLength(6);
});

test('a preview says the same and writes nothing', async () => {
  const { here, undo, store } = world();
  const id = await account(here);
  await carriedOut(here.send('changeAccountDetails', { name: 'B', phone: '1' }, { id, ...series }));
  await carriedOut(here.send('changeAccountDetails', { phone: '2' }, { id }));
  const { length } = store.log();
  const [preview] = await undo(here, series, { isPreview: true });
  expect(store.log()).toHaveLength(length);
  const [done] = await undo();
  expect(preview).toEqual({ ...done, appended: 0, position: undefined });
  expect(done).toMatchObject({
    takenBack: [{ parts: ['name'] }],
    leftAlone: [
      {
        parts: ['phone'],
        why: 'EDITED_SINCE',
        by: { type: 'AccountDetailsChanged', revision: 2, actor: { id: ANN } },
      },
    ],
  });
});

test('what it began goes into the archive, but not what someone has touched since', async () => {
  const { here, undo, logOf } = world();
  const [alone, edited, restored] = [
    await account(here, {}, series),
    await account(here, {}, series),
    await account(here, {}, series),
  ];
  await carriedOut(here.send('tagAccount', { tags: ['x'] }, { id: edited }));
  const editedToo = await undo();
  expect(types(logOf('account', alone))).toEqual(['AccountRegistered', 'AccountArchived']);
  expect(types(logOf('account', edited))).toEqual(['AccountRegistered', 'AccountTagApplied']);
  expect(editedToo.find(({ id }) => id === edited)).toMatchObject({
    takenBack: [],
    leftAlone: [
      {
        parts: [],
        why: 'EDITED_SINCE',
        event: { type: 'AccountRegistered' },
        by: { type: 'AccountTagApplied' },
      },
    ],
  });
  await carriedOut(here.send('restoreAccount', {}, { id: restored }));
  expect(
    (await undo()).find(({ id }) => id === restored),
    'once is enough',
  ).toMatchObject({ appended: 0, already: 1 });
});

test('an edit that was itself undone is none', async () => {
  const { here, undo, logOf } = world();
  const id = await account(here, {}, series);
  await carriedOut(here.send('tagAccount', { tags: ['x'] }, { id, commandId: 'edit' }));
  await undo(here, { commandId: 'edit' }, { undoId: 'other' });
  expect(await undo()).toMatchObject([
    { leftAlone: [], takenBack: [{ event: { type: 'AccountRegistered' } }] },
  ]);
  expect(types(logOf('account', id)).at(-1)).toBe('AccountArchived');
});

test.each([
  ['at all', (record?: object) => record === undefined],
  ['on this record', (record?: object) => record !== undefined],
])('who may not send a command %s may not take back by it', async (_, isAsked) => {
  const { here, store, undo, logOf } = world();
  const id = await account(here);
  await carriedOut(here.send('changeAccountDetails', { name: 'B' }, { id, ...series }));
  await carriedOut(here.send('tagAccount', { tags: ['x'] }, { id, ...series }));
  const there = writeSide(store.connect(), {
    authorise: (_actor, permission, record) =>
      permission === 'account:untagAccount' && isAsked(record) ? reject('FORBIDDEN', 'not you') : undefined,
  });
  expect(await undo(there)).toMatchObject([
    {
      takenBack: [{ parts: ['name'] }],
      leftAlone: [{ parts: ['tags.x'], why: 'REFUSED', rule: 'FORBIDDEN', message: 'not you' }],
    },
  ]);
  expect(types(logOf('account', id)).at(-1)).toBe('AccountDetailsChanged');
});

test('what rules say now counts: an account is not put below itself', async () => {
  const { here, undo, logOf } = world();
  const [a, b] = [await account(here), await account(here)];
  const tree = await carriedOut(here.send('setAccountParent', { accountId: a, parentId: b }));
  await carriedOut(here.send('clearAccountParent', { accountId: a }, series));
  await carriedOut(here.send('setAccountParent', { accountId: b, parentId: a }));
  expect(await undo()).toMatchObject([
    { takenBack: [], leftAlone: [{ parts: [`parents.${a}`], why: 'REFUSED', rule: 'HIERARCHY_CYCLE' }] },
  ]);
  expect(logOf('accountTree', tree.id)).toHaveLength(3);
});

test('lines and the amount that follows from them go back together', async () => {
  const { here, undo, logOf } = world();
  const { id } = await opened(here);
  const { id: productId } = await carriedOut(here.send('introduceProduct', { name: 'Widget' }));
  await carriedOut(here.send('addOpportunityLine', { productId, unitPrice: eur('100') }, { id, ...series }));
  expect(await undo()).toMatchObject([{ leftAlone: [] }]);
  expect(
    logOf('opportunity', id)
      .slice(3)
      .map(({ type, data }) => [type, data]),
  ).toEqual([
    ['OpportunityLineRemoved', { lineId: expect.anything() }],
    ['OpportunityAmountChanged', { amount: eur('500.00') }],
  ]);
});

describe('a person who was erased', () => {
  const person = async (more: object) => {
    const { here, undo, logOf } = world({ keys: memoryVault() });
    const { id } = await carriedOut(
      here.send('createContact', { name: 'Ann', emails: [ANN_AT] }, { commandId: 'c1', ...more }),
    );
    await carriedOut(
      here.send(
        'changeContactDetails',
        { title: 'CTO', locale: 'de-DE' },
        { id, commandId: 'c2', ...series },
      ),
    );
    await carriedOut(here.send('tagContact', { tags: ['vip'] }, { id, commandId: 'c3', ...series }));
    const erase = (as: object) =>
      carriedOut(here.send('eraseContact', {}, { id, commandId: 'erased', ...as }));
    return { id, undo, erase, here, log: () => logOf('contact', id) };
  };

  test.each([
    ['by the series', series],
    ['before', {}],
  ])('is left alone, with the reason, where the record began %s', async (_, began) => {
    const { undo, erase, log } = await person(began);
    await erase({});
    const length = log().length;
    const stays = {
      why: 'STAYS',
      parts: [],
      message: 'the person was erased; nothing of the record can be changed any more',
      event: { type: 'ContactTagApplied' },
      by: { type: 'ContactErased', commandId: 'erased' },
    };
    for (const more of [{ isPreview: true as const }, {}])
      expect(await undo(undefined, series, more)).toMatchObject([
        { takenBack: [], leftAlone: [stays], already: 0, appended: 0 },
      ]);
    expect(log()).toHaveLength(length);
  });

  test('stays erased where the series did it', async () => {
    const { undo, erase, log } = await person({});
    await erase(series);
    const [done] = await undo();
    expect(done).toMatchObject({
      takenBack: [],
      appended: 0,
      leftAlone: [{ event: { type: 'ContactErased' } }],
    });
    expect(types(log()).at(-1)).toBe('ContactErased');
  });

  test('is left alone where the series said personal things only', async () => {
    const { here, undo, erase, id } = await person({});
    await carriedOut(here.send('changeContactDetails', { name: 'Bo' }, { id, commandId: 'c4' }));
    await erase({});
    const [done] = await undo(here, { commandId: 'c4' });
    expect(done).toMatchObject({ already: 0, leftAlone: [{ event: { type: 'ContactDetailsChanged' } }] });
  });

  test('what was taken back before counts as that', async () => {
    const { undo, erase } = await person({});
    await undo();
    await erase({});
    expect(await undo()).toMatchObject([{ takenBack: [], leftAlone: [], already: 2, appended: 0 }]);
  });
});
