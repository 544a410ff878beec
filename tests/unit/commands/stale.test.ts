/** The edit of an old screen fails, and says what has changed since. */
import { expect, test } from 'vitest';
import { NOW } from '../../support/decider.ts';
import { ANN } from '../../support/ids.ts';
import { memoryEventStore } from '../../support/memoryEventStore.ts';
import { carriedOut, refusedAs, writeSide } from '../../support/writeSide.ts';
import { registered } from './support.ts';

/** An account at revision 2: renamed by one process, tagged by it too. */
async function changedSince() {
  const store = memoryEventStore();
  const here = writeSide(store.connect(), { now: () => new Date(NOW) });
  const { id } = await registered(here);
  await carriedOut(
    here.send('changeAccountDetails', { name: 'B', industry: 'steel' }, { id, commandId: 'rename' }),
  );
  await carriedOut(here.send('tagAccount', { tags: ['vip'] }, { id }));
  return { store, here, id };
}

test.each(['a process that knows the record', 'a process that has just started'])(
  '%s says what has changed',
  async who => {
    const { store, here, id } = await changedSince();
    const side = who.includes('knows') ? here : writeSide(store.connect());
    const error = await refusedAs(side.send('changeAccountDetails', { name: 'C' }, { id, ifRevision: 0 }));
    const by = { actor: { type: 'user', id: ANN }, occurredAt: NOW };
    expect(error).toMatchObject({
      kind: 'STALE',
      code: 'STALE',
      path: 'ifRevision',
      message: expect.stringContaining('AccountDetailsChanged, AccountTagApplied'),
      details: {
        revision: 2,
        changes: [
          { type: 'AccountDetailsChanged', revision: 1, fields: ['name', 'industry'], ...by },
          { type: 'AccountTagApplied', revision: 2, fields: ['tag'], ...by },
        ],
      },
    });
    expect(store.log()).toHaveLength(3);
  },
);

test('whoever saw the last revision may edit', async () => {
  const { here, id } = await changedSince();
  expect(
    await carriedOut(here.send('changeAccountDetails', { name: 'C' }, { id, ifRevision: 2 })),
  ).toMatchObject({
    revision: 3,
  });
});

test('a revision that is still to come was not seen here', async () => {
  const { here, id } = await changedSince();
  expect(
    await refusedAs(here.send('changeAccountDetails', { name: 'C' }, { id, ifRevision: 3 })),
  ).toMatchObject({
    kind: 'STALE',
    details: { revision: 2, changes: [] },
  });
});

test('a wish that is true already is stale all the same', async () => {
  const { here, id } = await changedSince();
  expect(await refusedAs(here.send('tagAccount', { tags: ['vip'] }, { id, ifRevision: 1 }))).toMatchObject({
    kind: 'STALE',
  });
});

test('a repeat is no old screen', async () => {
  const { here, id } = await changedSince();
  const again = here.send(
    'changeAccountDetails',
    { name: 'B', industry: 'steel' },
    { id, commandId: 'rename', ifRevision: 0 },
  );
  expect(await carriedOut(again)).toMatchObject({ repeated: true, revision: 1 });
});

test('of many changes the first twenty are told', async () => {
  const { here, id } = await changedSince();
  for (let i = 0; i < 30; i++) await carriedOut(here.send('changeAccountDetails', { name: `N${i}` }, { id }));
  expect(await refusedAs(here.send('tagAccount', { tags: ['x'] }, { id, ifRevision: 2 }))).toMatchObject({
    details: { revision: 32, changes: Array.from({ length: 20 }, (_, i) => ({ revision: i + 3 })) },
  });
});

test('a record that does not exist is not found, whatever was seen of it', async () => {
  const { here } = await changedSince();
  expect(await refusedAs(here.send('tagAccount', { tags: ['x'] }, { id: ANN, ifRevision: 4 }))).toMatchObject(
    {
      kind: 'NOT_FOUND',
    },
  );
});
