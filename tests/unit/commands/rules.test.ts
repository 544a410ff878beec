/** What stands before any command's own rules: a request that makes sense, a record that is there, references that exist. */
import { describe, expect, test } from 'vitest';
import { id as someId, WIDGET } from '../../support/ids.ts';
import { memoryEventStore } from '../../support/memoryEventStore.ts';
import { carriedOut, refusedAs, writeSide } from '../../support/writeSide.ts';
import { opened, registered } from './support.ts';

function started() {
  const store = memoryEventStore();
  return { store, ...writeSide(store.connect()) };
}

describe('validation', () => {
  const account = { id: someId(1) };
  test.each([
    ['an unknown command', 'launchRocket', {}, {}, ['name']],
    ['a name from Object.prototype', 'constructor', {}, {}, ['name']],
    ['a field that is missing', 'registerAccount', {}, {}, ['name']],
    ['fields that are wrong', 'registerAccount', { name: '', employees: -1 }, {}, ['name', 'employees']],
    [
      'a field deep inside',
      'registerAccount',
      { name: 'A', addresses: [{}, { city: '' }] },
      {},
      ['addresses.1.city'],
    ],
    [
      'a field of money',
      'openOpportunity',
      { name: 'A', amount: { amount: '1.005', currency: 'EUR' } },
      {},
      ['amount.amount'],
    ],
    ['a record that is not said', 'changeAccountDetails', { name: 'B' }, {}, ['id']],
    ['a record that has no such id', 'changeAccountDetails', { name: 'B' }, { id: 'acme' }, ['id']],
    [
      'a commandId with a space',
      'changeAccountDetails',
      { name: 'B' },
      { ...account, commandId: 'a b' },
      ['commandId'],
    ],
    [
      'a commandId that is too long',
      'changeAccountDetails',
      {},
      { ...account, commandId: 'x'.repeat(101) },
      ['commandId'],
    ],
    ['a revision below zero', 'changeAccountDetails', {}, { ...account, ifRevision: -1 }, ['ifRevision']],
    [
      'a time without a zone',
      'changeAccountDetails',
      {},
      { ...account, occurredAt: '2017-01-01T00:00:00' },
      ['occurredAt'],
    ],
    [
      'input and request at once',
      'changeAccountDetails',
      { name: '' },
      { ...account, ifRevision: 0.5 },
      ['ifRevision', 'name'],
    ],
  ])('%s is refused with its path', async (_, name, input, request, paths) => {
    const { store, send } = started();
    const error = await refusedAs(send(name, input, request));
    expect(error).toMatchObject({ kind: 'VALIDATION', code: 'VALIDATION', path: paths[0] });
    expect(error.issues?.map(({ path }) => path)).toEqual(paths);
    expect(store.calls).toEqual([]);
  });

  test('a field that the command does not know is refused by its name', async () => {
    const { send } = started();
    const error = await refusedAs(send('registerAccount', { name: 'A', colour: 'red' }));
    expect(error).toMatchObject({ kind: 'VALIDATION', message: expect.stringContaining('colour') });
  });

  test.each(['', 'Main', 'a b', 'x'.repeat(41)])('a workspace cannot be called %j', async workspaceId => {
    const { store } = started();
    const { send } = writeSide(store.connect(), { workspaceId });
    expect(await refusedAs(send('registerAccount', { name: 'A' }))).toMatchObject({
      kind: 'VALIDATION',
      path: 'workspaceId',
    });
  });

  test('a commandId may be any visible ASCII', async () => {
    const { send } = started();
    await carriedOut(send('registerAccount', { name: 'A' }, { commandId: 'order|7/{"x":1}~!' }));
  });
});

describe('the record', () => {
  test('is not found where there is none', async () => {
    const { send, store } = started();
    expect(await refusedAs(send('changeAccountDetails', { name: 'B' }, { id: someId(1) }))).toMatchObject({
      kind: 'NOT_FOUND',
      code: 'NOT_FOUND',
      path: 'id',
    });
    expect(store.log()).toEqual([]);
  });

  test('of another kind is not found under this name', async () => {
    const { send } = started();
    const { id } = await registered({ send });
    expect(await refusedAs(send('tagContact', { tags: ['vip'] }, { id }))).toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('of another workspace is not found in this one', async () => {
    const { send, store } = started();
    const { id } = await registered({ send });
    const other = writeSide(store.connect(), { workspaceId: 'other' });
    expect(await refusedAs(other.send('tagAccount', { tags: ['vip'] }, { id }))).toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('takes no commands while archived, but to be restored or archived', async () => {
    const { send, store } = started();
    const { id } = await registered({ send });
    await carriedOut(send('archiveAccount', {}, { id }));
    for (const [name, input] of [
      ['changeAccountDetails', { name: 'B' }],
      ['tagAccount', { tags: ['vip'] }],
      ['changeAccountLifecycle', { lifecycle: 'customer' }],
    ] as const)
      expect(await refusedAs(send(name, input, { id }))).toMatchObject({
        kind: 'RULE_VIOLATION',
        code: 'ARCHIVED',
      });
    expect(store.log()).toHaveLength(2);
    expect(await carriedOut(send('archiveAccount', {}, { id }))).toMatchObject({ appended: 0 });
    await carriedOut(send('restoreAccount', {}, { id }));
    await carriedOut(send('tagAccount', { tags: ['vip'] }, { id }));
  });

  test('that there is one of in a workspace needs no id, and can be left as it is before it began', async () => {
    const { send, store } = started();
    const { id } = await registered({ send });
    const nothing = await carriedOut(send('clearAccountParent', { accountId: id }));
    expect(nothing, 'there is nothing to wait for').toMatchObject({
      appended: 0,
      revision: -1,
      position: 0n,
    });
    expect(store.log()).toHaveLength(1);
  });
});

describe('references', () => {
  test.each([
    ['a field', 'changeAccountOwner', { ownerId: someId(9) }, 'ownerId', 'user'],
    ['a list', 'changeTeamMembers', { add: [someId(9)] }, 'add.0', 'user'],
  ])('%s that names nothing is refused with its path', async (_, name, input, path, category) => {
    const { send, store } = started();
    const { id } =
      name === 'changeTeamMembers'
        ? await carriedOut(send('formTeam', { name: 'Team' }))
        : await registered({ send });
    const { length } = store.log();
    expect(await refusedAs(send(name, input, { id }))).toMatchObject({
      kind: 'RULE_VIOLATION',
      code: 'REFERENCE_NOT_FOUND',
      path,
      details: { category, id: someId(9) },
    });
    expect(store.log()).toHaveLength(length);
  });

  test('deep in a create', async () => {
    const { send } = started();
    const { pipelineId } = await opened({ send });
    const { id: productId } = await carriedOut(send('introduceProduct', { name: 'Widget' }));
    const lines = [{ productId }, { productId: WIDGET }];
    expect(await refusedAs(send('openOpportunity', { name: 'A', pipelineId, lines }))).toMatchObject({
      code: 'REFERENCE_NOT_FOUND',
      path: 'lines.1.productId',
    });
  });

  test('an archived record may still be referred to', async () => {
    const { send } = started();
    const { id: ownerId } = await carriedOut(send('inviteUser', { name: 'Ann' }));
    await carriedOut(send('archiveUser', {}, { id: ownerId }));
    await carriedOut(send('registerAccount', { name: 'A', ownerId }));
  });
});
