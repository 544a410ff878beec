/** A series taken back in the log: what is written, by whom and why, and what comes in between. */
import { expect, test } from 'vitest';
import type { Target } from '../../../../src/commands/undo/record.ts';
import { reject } from '../../../../src/domain/kernel/rejection.ts';
import type { Envelope } from '../../../../src/eventstore/envelope.ts';
import { expectWholeChain } from '../../../support/chain.ts';
import { ANN, id as someId } from '../../../support/ids.ts';
import {
  type AroundAppend,
  type LogEvent,
  type MemoryEventStore,
  memoryEventStore,
} from '../../../support/memoryEventStore.ts';
import { eur } from '../../../support/sales.ts';
import { after, inTurn, unanswered } from '../../../support/storeFaults.ts';
import {
  carriedOut,
  codec,
  type WriteSide,
  type WriteSideOptions,
  writeSide,
} from '../../../support/writeSide.ts';
import { ANN_AT, add, create, holders, person, remove } from '../contacts.ts';
import { opened, streamOf, types } from '../support.ts';

const series = { correlationId: 'series' };

/** The records that a series touched, the one that it touched last first; as the read side tells. */
function touched(store: MemoryEventStore, target: Target) {
  const isOf = ({ metadata }: LogEvent) => {
    const { $correlationId: correlationId, commandId } = metadata as Envelope;
    return 'correlationId' in target
      ? correlationId === target.correlationId
      : commandId === target.commandId;
  };
  const records = store.log().flatMap(event => {
    const decoded = codec.decode(event);
    return isOf(event) && decoded.kind !== 'foreign' ? [event.streamId] : [];
  });
  return [...new Set(records.reverse())].flatMap(stream => {
    const [category = '', rest = ''] = stream.split('-main.');
    return category === 'reservation' ? [] : [{ category, id: rest }];
  });
}

function world(options: WriteSideOptions = {}) {
  const store = memoryEventStore();
  const here = writeSide(store.connect(), options);
  const undo = (
    side: WriteSide = here,
    target: Target = series,
    more: { undoId?: string; isPreview?: true } = {},
  ) =>
    Array.fromAsync(
      side.undo({ target, undoId: 'undo', context: side.context, ...more }, touched(store, target)),
    );
  return { store, here, undo, logOf: (category: string, id: string) => store.stream(streamOf(category, id)) };
}

const envelope = (event: LogEvent | undefined) => event?.metadata as Envelope;
const account = async ({ send }: WriteSide, input: object = {}, more: object = {}) =>
  (await carriedOut(send('registerAccount', { name: 'Acme', ...input }, more))).id;

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

test('sent again it does nothing more; two at once do it once', async () => {
  const { here, undo, store, logOf } = world();
  const ids = await Promise.all(Array.from({ length: 5 }, (_, i) => account(here, { name: `A${i}` })));
  for (const id of ids) await carriedOut(here.send('changeAccountDetails', { name: 'B' }, { id, ...series }));
  const there = writeSide(store.connect());
  await Promise.all([undo(), undo(there)]);
  for (const id of ids) expect(types(logOf('account', id))).toHaveLength(3);
  expect(await undo()).toEqual(
    ids.toReversed().map(id => ({
      category: 'account',
      id,
      takenBack: [],
      leftAlone: [],
      already: 1,
      appended: 0,
      position: undefined,
    })),
  );
});

test.each([1, 2, 3, 4, 5, 6])('cut short after %i appends it goes on where it was', async appends => {
  const { here, undo, store, logOf } = world();
  const ids = await Promise.all(Array.from({ length: 3 }, (_, i) => account(here, { name: `A${i}` })));
  for (const id of ids) await carriedOut(here.send('changeAccountDetails', { name: 'B' }, { id, ...series }));
  const before = store.log().length;
  let left = appends;
  const dying: AroundAppend = async proceed => {
    if (left-- > 1) return proceed();
    if (left === 0) proceed();
    throw Object.assign(new Error('gone'), { type: 'unavailable' });
  };
  const there = writeSide(store.connect({ append: dying }));
  if (appends <= ids.length)
    await expect(undo(there)).rejects.toMatchObject({ commandError: { kind: 'UNAVAILABLE' } });
  await undo();
  for (const id of ids)
    expect(
      logOf('account', id)
        .map(({ data }) => (data as { name: string }).name)
        .slice(1),
    ).toEqual(['B', expect.stringMatching(/^A\d$/)]);
  expect(store.log()).toHaveLength(before + 3);
});

test('an append that landed unanswered has landed once', async () => {
  const { here, undo, store, logOf } = world();
  const id = await account(here);
  await carriedOut(here.send('changeAccountDetails', { name: 'B' }, { id, ...series }));
  await undo(writeSide(store.connect({ append: inTurn(unanswered) })));
  expect(types(logOf('account', id))).toHaveLength(3);
});

test('an edit that comes in between is seen', async () => {
  const { here, undo, store, logOf } = world();
  const id = await account(here);
  await carriedOut(here.send('changeAccountDetails', { name: 'B', phone: '1' }, { id, ...series }));
  const edit = after(() =>
    carriedOut(here.send('changeAccountDetails', { name: 'C' }, { id })),
  ) as AroundAppend;
  const [done] = await undo(writeSide(store.connect({ append: inTurn(edit) })));
  expect(done).toMatchObject({
    takenBack: [{ parts: ['phone'] }],
    leftAlone: [{ parts: ['name'], why: 'EDITED_SINCE' }],
  });
  expect(logOf('account', id).at(-1)?.data).toEqual({ phone: null });
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

test('a value that another record has by now is not brought back, the rest is', async () => {
  const { here, store, undo } = world();
  const { id } = await carriedOut(create(here, 'one', ANN_AT));
  await carriedOut(here.send('changeContactDetails', { title: 'Boss' }, { id, ...series }));
  await carriedOut(here.send('removeContactEmail', { email: ANN_AT }, { id, ...series }));
  const other = await person(here, 'other');
  await carriedOut(add(here, other, ANN_AT));
  const [done] = await undo();
  expect(done).toMatchObject({
    takenBack: [{ parts: ['title'] }],
    leftAlone: [{ parts: [`emails.${ANN_AT}`], why: 'REFUSED', rule: 'EMAIL_TAKEN' }],
  });
  expect(holders(store)).toEqual({ [ANN_AT]: [other] });
  await carriedOut(remove(here, other, ANN_AT));
  expect(await undo(), 'once it is free it can be brought back').toMatchObject([
    { takenBack: [{ parts: [`emails.${ANN_AT}`] }], leftAlone: [] },
  ]);
  expect(holders(store)).toEqual({ [ANN_AT]: [id] });
});

test.each([
  ['', []],
  [', also where the one who gave it away comes first', ['vip']],
])('an address that the series passed from one to another goes back%s', async (_, tags) => {
  const { here, store, undo } = world();
  const { id } = await carriedOut(create(here, 'one', ANN_AT));
  const other = await person(here, 'other');
  await carriedOut(here.send('removeContactEmail', { email: ANN_AT }, { id, ...series }));
  await carriedOut(here.send('addContactEmail', { email: ANN_AT }, { id: other, ...series }));
  for (const tag of tags) await carriedOut(here.send('tagContact', { tags: [tag] }, { id, ...series }));
  const all = await undo();
  expect(all.flatMap(({ leftAlone }) => leftAlone)).toEqual([]);
  expect(holders(store)).toEqual({ [ANN_AT]: [id] });
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

test('more than one append holds is taken back in several', async () => {
  const { here, undo, store } = world();
  const ids = await Promise.all(Array.from({ length: 900 }, (_, i) => account(here, { name: `A${i}` })));
  const [root = someId(1), ...rest] = ids;
  for (const accountId of rest)
    await carriedOut(here.send('setAccountParent', { accountId, parentId: root }, series));
  const { length } = store.log();
  store.calls.length = 0;
  const [done] = await undo();
  const appends = store.calls.filter(call => call.kind === 'append');
  expect(appends.length).toBeGreaterThan(1);
  for (const call of appends)
    expect('bytes' in call && Buffer.byteLength(call.bytes)).toBeLessThan(1024 * 1024);
  expect(done).toMatchObject({ appended: rest.length, already: 0, leftAlone: [] });
  expect(done?.takenBack).toHaveLength(rest.length);
  expect(store.log()).toHaveLength(length + rest.length);
  expect(await undo()).toMatchObject([{ appended: 0, already: rest.length }]);
});

test('a stream that can’t be read is told, and the others go on', async () => {
  const { here, store, undo, logOf } = world();
  const [broken, whole] = [await account(here), await account(here)];
  for (const id of [broken, whole])
    await carriedOut(here.send('changeAccountDetails', { name: 'B' }, { id, ...series }));
  store.write(streamOf('account', broken), {
    type: 'AccountTeleported',
    metadata: logOf('account', broken).at(-1)?.metadata,
  });
  const fresh = writeSide(store.connect());
  const all = await undo(fresh);
  expect(all.find(({ id }) => id === broken)).toMatchObject({
    appended: 0,
    leftAlone: [{ why: 'REFUSED', rule: 'STREAM_UNREADABLE' }],
  });
  expect(types(logOf('account', whole))).toHaveLength(3);
});

test('a stream of which not even the series’ own event can be read is told as well', async () => {
  const { here, store, undo, logOf } = world();
  const id = await account(here);
  const metadata = { ...envelope(logOf('account', id).at(-1)), $correlationId: 'series' };
  store.write(streamOf('account', id), { type: 'AccountTeleported', metadata });
  expect(await undo(writeSide(store.connect()))).toMatchObject([
    { takenBack: [], leftAlone: [{ parts: [], why: 'REFUSED', rule: 'STREAM_UNREADABLE' }] },
  ]);
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
