/** The same commandId with the same input answers as the first time and appends nothing. */
import { describe, expect, test } from 'vitest';
import { memoryEventStore } from '../../support/memoryEventStore.ts';
import { eur } from '../../support/sales.ts';
import { carriedOut, refusedAs, type WriteSide, writeSide } from '../../support/writeSide.ts';
import { opened, registered } from './support.ts';

const LINE = { productId: '', quantity: '2', unitPrice: eur('300') };

/** An opportunity, and a command on it that leaves two events. */
async function lineAdded() {
  const store = memoryEventStore();
  const here = writeSide(store.connect());
  const { id } = await opened(here);
  const { id: productId } = await carriedOut(here.send('introduceProduct', { name: 'Widget' }));
  const add = (side: Sender = here, commandId = 'add') =>
    side.send('addOpportunityLine', { ...LINE, productId }, { id, commandId });
  const first = await carriedOut(add());
  expect(first).toMatchObject({ appended: 2, repeated: false, revision: 2 });
  return { store, here, id, add, first, again: { ...first, appended: 0, repeated: true } };
}

test('a repeat gets the id, revision and position of the first answer', async () => {
  const { store, add, again } = await lineAdded();
  const { length } = store.log();
  expect(await carriedOut(add())).toEqual(again);
  expect(store.log()).toHaveLength(length);
});

test('also after 1,000 other events', async () => {
  const { store, here, id, add, again } = await lineAdded();
  for (let i = 1; i <= 1_000; i++)
    await carriedOut(here.send('changeOpportunityDetails', { name: `Deal ${i}` }, { id }));
  const { length } = store.log();
  expect(await carriedOut(add())).toEqual(again);
  expect(await carriedOut(add(writeSide(store.connect())))).toEqual(again);
  expect(store.log()).toHaveLength(length);
});

test('also in a process that has just started, and in one that keeps nothing', async () => {
  const { store, add, again } = await lineAdded();
  expect(await carriedOut(add(writeSide(store.connect())))).toEqual(again);
  expect(await carriedOut(add(writeSide(store.connect(), { cacheSize: 0 })))).toEqual(again);
});

test('also where it is what the record has moved on from', async () => {
  const { here, id, add, again } = await lineAdded();
  await carriedOut(here.send('winOpportunity', {}, { id }));
  await carriedOut(here.send('archiveOpportunity', {}, { id }));
  expect(await carriedOut(add())).toEqual(again);
  expect(await refusedAs(add(here, 'another')), 'a new command is refused').toMatchObject({
    code: 'ARCHIVED',
  });
});

test('sent at once, from one process and from several, it appends once', async () => {
  const { store, here, add } = await lineAdded();
  const there = writeSide(store.connect());
  const { length } = store.log();
  const answers = await Promise.all([here, there, here, there].map(side => carriedOut(add(side, 'at-once'))));
  expect(answers.map(({ appended }) => appended).sort()).toEqual([0, 0, 0, 2]);
  expect(new Set(answers.map(({ revision, position }) => `${revision} ${position}`)).size).toBe(1);
  expect(store.log()).toHaveLength(length + 2);
});

test('a repeated create meets its own record', async () => {
  const store = memoryEventStore();
  const [here, there] = [writeSide(store.connect()), writeSide(store.connect())];
  const { id } = await registered(here);
  expect((await registered(there)).id).toBe(id);
  expect((await registered(here, 'second')).id).not.toBe(id);
  expect(store.log()).toHaveLength(2);
});

test('without a commandId each command is one of its own', async () => {
  const store = memoryEventStore();
  const { send } = writeSide(store.connect());
  const [a, b] = await Promise.all([1, 2].map(() => carriedOut(send('registerAccount', { name: 'A' }))));
  expect(a?.id).not.toBe(b?.id);
});

describe('the same commandId with something else is no repeat', () => {
  test.each([
    [
      'another input',
      (s: Sender, id: string) => s.send('changeAccountDetails', { name: 'C' }, { id, commandId: 'rename' }),
    ],
    [
      'another command',
      (s: Sender, id: string) => s.send('tagAccount', { tags: ['vip'] }, { id, commandId: 'rename' }),
    ],
    [
      'another time',
      (s: Sender, id: string) =>
        s.send(
          'changeAccountDetails',
          { name: 'B' },
          { id, commandId: 'rename', occurredAt: '2017-03-15T12:00:00Z' },
        ),
    ],
  ])('%s', async (_, reuse) => {
    const { store, here, id } = await renamed();
    for (const side of [here, writeSide(store.connect())])
      expect(await refusedAs(reuse(side, id))).toMatchObject({
        kind: 'COMMAND_ID_REUSED',
        code: 'COMMAND_ID_REUSED',
        details: { commandId: 'rename' },
      });
    expect(store.log()).toHaveLength(2);
  });

  test('another command with the same input', async () => {
    const { here, id } = await renamed();
    await carriedOut(here.send('archiveAccount', {}, { id, commandId: 'same' }));
    expect(await refusedAs(here.send('restoreAccount', {}, { id, commandId: 'same' }))).toMatchObject({
      code: 'COMMAND_ID_REUSED',
    });
  });

  test('another create', async () => {
    const store = memoryEventStore();
    const { send } = writeSide(store.connect());
    await registered({ send });
    expect(await refusedAs(send('registerAccount', { name: 'Other' }, { commandId: 'first' }))).toMatchObject(
      {
        code: 'COMMAND_ID_REUSED',
      },
    );
  });

  test('but on another record it is a command of its own', async () => {
    const { here } = await renamed();
    const { id } = await registered(here, 'second');
    expect(
      await carriedOut(here.send('changeAccountDetails', { name: 'B' }, { id, commandId: 'rename' })),
    ).toMatchObject({
      appended: 1,
    });
  });
});

type Sender = Pick<WriteSide, 'send'>;

async function renamed() {
  const store = memoryEventStore();
  const here = writeSide(store.connect());
  const { id } = await registered(here);
  await carriedOut(here.send('changeAccountDetails', { name: 'B' }, { id, commandId: 'rename' }));
  return { store, here, id };
}

test('the input is what it means, not how it was written', async () => {
  const { here, id } = await renamed();
  expect(
    await carriedOut(here.send('changeAccountDetails', { name: '  B ' }, { id, commandId: 'rename' })),
  ).toMatchObject({
    repeated: true,
  });
});

test('what was refused, or true already, leaves no trace and is decided afresh', async () => {
  const store = memoryEventStore();
  const { send } = writeSide(store.connect());
  const { id } = await registered({ send });
  await carriedOut(send('archiveAccount', {}, { id }));
  const { length } = store.log();
  const rename = () => send('changeAccountDetails', { name: 'B' }, { id, commandId: 'rename' });
  expect(await refusedAs(rename())).toMatchObject({ code: 'ARCHIVED' });
  const restore = () => send('restoreAccount', {}, { id, commandId: 'restore' });
  const archive = () => send('archiveAccount', {}, { id, commandId: 'archive' });
  expect(await carriedOut(archive())).toMatchObject({ appended: 0, repeated: false });
  expect(store.log()).toHaveLength(length);

  expect(await carriedOut(restore())).toMatchObject({ appended: 1 });
  expect(await carriedOut(rename())).toMatchObject({ appended: 1, repeated: false });
  expect(await carriedOut(archive()), 'the same command, now no longer true').toMatchObject({
    appended: 1,
    repeated: false,
  });
});
