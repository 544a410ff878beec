/** Another writer comes in between a decision and its append: the decision is made again on what there is now. */
import { expect, test } from 'vitest';
import { NOW } from '../../support/decider.ts';
import { type AroundAppend, memoryEventStore } from '../../support/memoryEventStore.ts';
import { after, inTurn } from '../../support/storeFaults.ts';
import { carriedOut, refusedAs, type WriteSide, writeSide } from '../../support/writeSide.ts';
import { asked, opened, registered, types } from './support.ts';

/** A process whose first append is preceded by another's command. */
async function overtakenBy<R>(
  prepare: (there: WriteSide) => Promise<R>,
  rival: (record: R) => Parameters<WriteSide['send']>,
) {
  const store = memoryEventStore();
  const there = writeSide(store.connect());
  const record = await prepare(there);
  const overtake = after(() => carriedOut(there.send(...rival(record)))) as AroundAppend;
  const here = writeSide(store.connect({ append: inTurn(overtake) }));
  store.calls.length = 0;
  return { store, here, ...record };
}

test('a lost race is decided again, at the revision that there is now', async () => {
  const { store, here, id, stream } = await overtakenBy(registered, ({ id }) => [
    'tagAccount',
    { tags: ['vip'] },
    { id },
  ]);
  const answer = await carriedOut(here.send('changeAccountDetails', { name: 'B' }, { id }));
  expect(answer).toMatchObject({ revision: 2, appended: 1 });
  expect(types(store.stream(stream))).toEqual([
    'AccountRegistered',
    'AccountTagApplied',
    'AccountDetailsChanged',
  ]);
  expect(asked(store, 'append', stream)).toMatchObject([
    { expected: 0n },
    { expected: 0n },
    { expected: 1n },
  ]);
});

test('what becomes impossible by a lost race is refused by its own rule', async () => {
  const { store, here, id, stream } = await overtakenBy(opened, ({ id }) => [
    'loseOpportunity',
    { reasonCode: 'price' },
    { id },
  ]);
  expect(await refusedAs(here.send('winOpportunity', {}, { id }))).toMatchObject({
    kind: 'RULE_VIOLATION',
    code: 'NOT_OPEN',
    details: { status: 'lost' },
  });
  expect(types(store.stream(stream))).toEqual(['OpportunityOpened', 'OpportunityLost']);
});

test('what becomes true by a lost race is done', async () => {
  const { store, here, id, stream } = await overtakenBy(opened, ({ id }) => ['winOpportunity', {}, { id }]);
  expect(await carriedOut(here.send('winOpportunity', {}, { id }))).toMatchObject({
    appended: 0,
    repeated: false,
    revision: 1,
    position: store.stream(stream).at(-1)?.position.commit,
  });
  expect(types(store.stream(stream))).toEqual(['OpportunityOpened', 'OpportunityWon']);
});

test('what becomes stale by a lost race is refused with what overtook it', async () => {
  const { here, id } = await overtakenBy(registered, ({ id }) => ['tagAccount', { tags: ['vip'] }, { id }]);
  expect(
    await refusedAs(here.send('changeAccountDetails', { name: 'B' }, { id, ifRevision: 0 })),
  ).toMatchObject({
    kind: 'STALE',
    details: { revision: 1, changes: [{ type: 'AccountTagApplied', revision: 1 }] },
  });
});

test('whoever is overtaken each time is told so, and has written nothing', async () => {
  const store = memoryEventStore();
  const there = writeSide(store.connect());
  const { id, stream } = await registered(there);
  let tags = 0;
  const overtake = after(() =>
    carriedOut(there.send('tagAccount', { tags: [`t${++tags}`] }, { id })),
  ) as AroundAppend;
  const draws: number[] = [];
  const here = writeSide(store.connect({ append: overtake }), { random: () => draws.push(1) && 0 });
  store.calls.length = 0;
  expect(await refusedAs(here.send('changeAccountDetails', { name: 'B' }, { id }))).toMatchObject({
    kind: 'CONFLICT',
    code: 'CONFLICT',
  });
  expect(tags).toBe(5);
  expect(draws, 'rivals wait for a random time before they meet again').toHaveLength(4);
  expect(types(store.stream(stream))).not.toContain('AccountDetailsChanged');
  const seen = asked(store, 'append', stream).filter(
    call => 'bytes' in call && call.bytes.includes('DetailsChanged'),
  );
  expect(seen.map(call => 'expected' in call && call.expected)).toEqual([0n, 1n, 2n, 3n, 4n]);
});

test('a cache that was behind counts as no lost race, and nobody waits for it', async () => {
  const store = memoryEventStore();
  const there = writeSide(store.connect());
  const here = writeSide(store.connect(), { random: () => expect.fail('waited') });
  const { id } = await registered(here);
  await carriedOut(there.send('tagAccount', { tags: ['vip'] }, { id }));
  expect(await carriedOut(here.send('changeAccountDetails', { name: 'B' }, { id }))).toMatchObject({
    revision: 2,
  });
});

test('rivals within one process take turns, and lose no race', async () => {
  const store = memoryEventStore();
  const { send } = writeSide(store.connect(), { random: () => expect.fail('waited') });
  const { id, stream } = await registered({ send });
  const tags = Array.from({ length: 50 }, (_, i) => `t${i}`);
  const answers = await Promise.all(tags.map(tag => carriedOut(send('tagAccount', { tags: [tag] }, { id }))));
  expect(answers.map(({ revision }) => revision)).toEqual(tags.map((_, i) => i + 1));
  expect(asked(store, 'append', stream)).toHaveLength(1 + tags.length);
});

test('a create that another process sends at the same time is answered as carried out', async () => {
  const store = memoryEventStore();
  const [here, there] = [writeSide(store.connect()), writeSide(store.connect())];
  const [one, other] = await Promise.all(
    [here, there].map(side => carriedOut(side.send('registerAccount', { name: 'A' }, { commandId: 'same' }))),
  );
  expect([one?.repeated, other?.repeated].sort()).toEqual([false, true]);
  expect(one?.id).toBe(other?.id);
  expect(store.log()).toHaveLength(1);
});

test('at the same instant it is even the same bytes, and the store takes them once', async () => {
  const store = memoryEventStore();
  const now = () => new Date(NOW);
  const sides = [writeSide(store.connect(), { now }), writeSide(store.connect(), { now })];
  const [one, other] = await Promise.all(
    sides.map(side => carriedOut(side.send('registerAccount', { name: 'A' }, { commandId: 'same' }))),
  );
  expect(one).toEqual(other);
  expect(store.log()).toHaveLength(1);
});
