/** One live contact an e-mail address, over every command that brings addresses in or takes them out. */
import { expect, test } from 'vitest';
import { memoryEventStore } from '../../support/memoryEventStore.ts';
import { carriedOut, refusedAs, type WriteSide, writeSide } from '../../support/writeSide.ts';
import { ANN_AT, add, BOB_AT, create, holders, person, remove, reservationEvents } from './contacts.ts';
import { callsDuring, types } from './support.ts';

function twoProcesses() {
  const store = memoryEventStore();
  return { store, here: writeSide(store.connect()), there: writeSide(store.connect()) };
}

const taken = (holderId: string) => ({
  kind: 'RULE_VIOLATION',
  code: 'EMAIL_TAKEN',
  path: 'email',
  details: { holderId },
});

test('an address is claimed before the contact has it, and held afterwards', async () => {
  const { store, here } = twoProcesses();
  await carriedOut(create(here, 'ann', ANN_AT));
  expect(types(store.log())).toEqual(['ReservationClaimed', 'ContactCreated', 'ReservationHeld']);
});

test.each(['the same process', 'another process'])('%s can give it to nobody else', async who => {
  const { store, here, there } = twoProcesses();
  const ann = await carriedOut(create(here, 'ann', ANN_AT));
  const side = who.startsWith('another') ? there : here;
  const other = await person(side, 'other');
  const { length } = store.log();
  expect(await refusedAs(create(side, 'bob', 'Ann@Example.com '))).toMatchObject(taken(ann.id));
  expect(await refusedAs(add(side, other, ANN_AT))).toMatchObject(taken(ann.id));
  expect(await holders(store)).toEqual({ [ANN_AT]: [ann.id] });
  expect(store.log()).toHaveLength(length);
});

test('whoever is refused one address keeps none of the others', async () => {
  const addresses = ['a', 'b', 'c', 'd'].map(name => `${name}@example.com`);
  const claims: number[] = [];
  for (const one of addresses) {
    const { store, here, there } = twoProcesses();
    const ann = await carriedOut(create(here, 'ann', one));
    const { length } = store.log();
    expect(await refusedAs(create(there, 'bob', ...addresses))).toMatchObject(taken(ann.id));
    const left = types(store.log().slice(length));
    expect(left).toEqual(
      left.map((_, i) => (i < left.length / 2 ? 'ReservationClaimed' : 'ReservationReleased')),
    );
    claims.push(left.length / 2);
    await carriedOut(create(here, 'carol', ...addresses.filter(address => address !== one)));
  }
  expect(claims.sort(), 'each time others had been claimed before').toEqual([0, 1, 2, 3]);
});

test('addresses are claimed in one order, however they are given, so that two never wait for each other', async () => {
  const addresses = ['a', 'b', 'c', 'd', 'e'].map(name => `${name}@example.com`);
  const claimed = async (given: readonly string[]) => {
    const { store, here } = twoProcesses();
    await carriedOut(create(here, 'ann', ...given));
    return reservationEvents(store)
      .filter(({ type }) => type === 'ReservationClaimed')
      .map(({ streamId }) => streamId);
  };
  expect(await claimed(addresses)).toEqual(await claimed(addresses.toReversed()));
});

test('another workspace has addresses of its own', async () => {
  const { store, here } = twoProcesses();
  await carriedOut(create(here, 'ann', ANN_AT));
  await carriedOut(create(writeSide(store.connect(), { workspaceId: 'other' }), 'ann', ANN_AT));
});

test('the log of reservations does not tell the addresses', async () => {
  const { store, here } = twoProcesses();
  await carriedOut(create(here, 'ann', ANN_AT));
  const told = JSON.stringify(reservationEvents(store), (_, v) => (typeof v === 'bigint' ? `${v}` : v));
  expect(told).not.toMatch(/example/i);
  expect(reservationEvents(store).map(({ metadata }) => (metadata as { actor: object }).actor)).toEqual([
    { type: 'process', id: 'reservations' },
    { type: 'process', id: 'reservations' },
  ]);
});

test('a command that touches no address asks nothing of reservations', async () => {
  const { store, here } = twoProcesses();
  const { id } = await carriedOut(create(here, 'ann', ANN_AT));
  const { calls } = await callsDuring(store, () =>
    carriedOut(here.send('tagContact', { tags: ['vip'] }, { id })),
  );
  expect(calls).toEqual([`append contact-main.${id}`]);
});

test.each([
  ['removing it', (side: WriteSide, id: string) => remove(side, id, ANN_AT)],
  ['archiving the contact', (side: WriteSide, id: string) => side.send('archiveContact', {}, { id })],
])('%s frees the address for another', async (_, release) => {
  const { store, here, there } = twoProcesses();
  const ann = await carriedOut(create(here, 'ann', ANN_AT));
  expect(await refusedAs(create(there, 'bob', ANN_AT))).toMatchObject(taken(ann.id));
  await carriedOut(release(here, ann.id));
  expect(types(reservationEvents(store)).at(-1)).toBe('ReservationReleased');
  const bob = await carriedOut(create(there, 'bob', ANN_AT));
  expect(await holders(store)).toEqual({ [ANN_AT]: [bob.id] });
});

test('whoever gave it away gets it back only when it is free', async () => {
  const { store, here, there } = twoProcesses();
  const ann = await carriedOut(create(here, 'ann', ANN_AT, BOB_AT));
  await carriedOut(here.send('archiveContact', {}, { id: ann.id }));
  const bob = await carriedOut(create(there, 'bob', BOB_AT));
  const restore = () => here.send('restoreContact', {}, { id: ann.id });
  expect(await refusedAs(restore())).toMatchObject(taken(bob.id));
  expect(await holders(store)).toEqual({ [BOB_AT]: [bob.id] });
  await carriedOut(remove(there, bob.id, BOB_AT));
  await carriedOut(restore());
  expect(await holders(store)).toEqual({ [ANN_AT]: [ann.id], [BOB_AT]: [ann.id] });
  expect(await refusedAs(add(there, bob.id, BOB_AT))).toMatchObject(taken(ann.id));
});

test('a contact can take the same address again and again', async () => {
  const { store, here, there } = twoProcesses();
  const id = await person(here, 'ann');
  for (const side of [here, there, here]) {
    await carriedOut(add(side, id, ANN_AT));
    await carriedOut(remove(side, id, ANN_AT));
  }
  await carriedOut(add(there, id, ANN_AT));
  expect(await holders(store)).toEqual({ [ANN_AT]: [id] });
});

test('a repeat is not in its own way', async () => {
  const { store, here, there } = twoProcesses();
  const first = await carriedOut(create(here, 'ann', ANN_AT));
  const { length } = store.log();
  for (const side of [here, there])
    expect(await carriedOut(create(side, 'ann', ANN_AT))).toEqual({ ...first, appended: 0, repeated: true });
  expect(store.log()).toHaveLength(length);
});

test('a repeat after the address has gone to another answers as the first time', async () => {
  const { store, here, there } = twoProcesses();
  const first = await carriedOut(create(here, 'ann', ANN_AT));
  await carriedOut(remove(there, first.id, ANN_AT));
  const bob = await carriedOut(create(there, 'bob', ANN_AT));
  for (const side of [here, there])
    expect(await carriedOut(create(side, 'ann', ANN_AT))).toEqual({ ...first, appended: 0, repeated: true });
  expect(await holders(store)).toEqual({ [ANN_AT]: [bob.id] });
});

test('an address that appears twice in one wish is one', async () => {
  const { store, here } = twoProcesses();
  const { id } = await carriedOut(create(here, 'ann', ANN_AT, ' ANN@example.com'));
  expect(await holders(store)).toEqual({ [ANN_AT]: [id] });
  expect(types(reservationEvents(store))).toEqual(['ReservationClaimed', 'ReservationHeld']);
});

test('within one process, of many that want it at once one gets it', async () => {
  const { store, here } = twoProcesses();
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => create(here, `c-${i}`, ANN_AT)));
  const [winner, ...more] = answers.flatMap(answer => (answer.ok ? [answer.id] : []));
  expect(more).toEqual([]);
  expect(await holders(store)).toEqual({ [ANN_AT]: [winner] });
  expect(new Set(answers.map(answer => answer.ok || answer.error.code))).toEqual(
    new Set([true, 'EMAIL_TAKEN']),
  );
});
