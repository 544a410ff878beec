/** What happens meanwhile: ends in the middle, rivals, values that others hold by now, streams that can't be read. */
import { expect, test } from 'vitest';
import { id as someId } from '../../../support/ids.ts';
import type { AroundAppend } from '../../../support/memoryEventStore.ts';
import { after, inTurn, unanswered } from '../../../support/storeFaults.ts';
import { carriedOut, writeSide } from '../../../support/writeSide.ts';
import { ANN_AT, add, create, holders, person, remove } from '../contacts.ts';
import { streamOf, types } from '../support.ts';

import { account, envelope, series, world } from './world.ts';

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
  expect(await holders(store)).toEqual({ [ANN_AT]: [other] });
  await carriedOut(remove(here, other, ANN_AT));
  expect(await undo(), 'once it is free it can be brought back').toMatchObject([
    { takenBack: [{ parts: [`emails.${ANN_AT}`] }], leftAlone: [] },
  ]);
  expect(await holders(store)).toEqual({ [ANN_AT]: [id] });
});

test.each([
  ['', 0],
  [', also where the one who gave it away has long been done', 50],
])('an address that the series passed from one to another goes back%s', async (_, between) => {
  const { here, store, undo } = world();
  const { id } = await carriedOut(create(here, 'one', ANN_AT));
  const other = await person(here, 'other');
  await carriedOut(here.send('removeContactEmail', { email: ANN_AT }, { id, ...series }));
  await carriedOut(here.send('addContactEmail', { email: ANN_AT }, { id: other, ...series }));
  for (let n = 0; n < between; n++) await account(here, {}, series);
  if (between > 0) await carriedOut(here.send('tagContact', { tags: ['last'] }, { id, ...series }));
  const all = await undo();
  expect(all.flatMap(({ leftAlone }) => leftAlone)).toEqual([]);
  expect(all.find(record => record.id === id)?.takenBack).toHaveLength(between > 0 ? 2 : 1);
  expect(await holders(store)).toEqual({ [ANN_AT]: [id] });
});

test('more than one append holds is taken back in several', async () => {
  const { here, undo, store } = world();
  const ids = await Promise.all(Array.from({ length: 900 }, (_, i) => account(here, { name: `A${i}` })));
  const [root = someId(1), ...rest] = ids;
  for (const accountId of rest)
    await carriedOut(here.send('setAccountParent', { accountId, parentId: root }, series));
  const { length } = store.log();
  expect((await undo(here, series, { isPreview: true }))[0]?.takenBack).toHaveLength(rest.length);
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
