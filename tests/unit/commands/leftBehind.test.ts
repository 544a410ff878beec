/** What a process leaves behind that dies or is not answered between the steps of taking an address. */
import { expect, test } from 'vitest';
import { unanswered, unreachable } from '../../support/storeFaults.ts';
import { carriedOut, refusedAs, type WriteSide } from '../../support/writeSide.ts';
import { ANN_AT, add, create, holders, isFor, person, remove, reservationEvents } from './contacts.ts';
import { failing, gate, ofType, toContact } from './failing.ts';
import { types } from './support.ts';

test('a claim whose owner died is waited for, and taken over once it is old', async () => {
  const { store, ill, well, fail, aMinutePasses } = failing();
  fail(toContact, unreachable);
  expect(await refusedAs(create(ill, 'ann', ANN_AT))).toMatchObject({ kind: 'UNAVAILABLE' });
  expect(types(store.log())).toEqual(['ReservationClaimed']);
  expect(await refusedAs(create(well, 'bob', ANN_AT))).toMatchObject({ kind: 'CONFLICT' });
  aMinutePasses();
  const bob = await carriedOut(create(well, 'bob', ANN_AT));
  expect(await holders(store)).toEqual({ [ANN_AT]: [bob.id] });
});

test('the same command, sent again, goes on with its own claim', async () => {
  const { store, ill, well, fail, heal } = failing();
  fail(toContact, unreachable);
  await refusedAs(create(ill, 'ann', ANN_AT));
  heal();
  const ann = await carriedOut(create(well, 'ann', ANN_AT));
  expect(await holders(store)).toEqual({ [ANN_AT]: [ann.id] });
  expect(types(reservationEvents(store))).toEqual(['ReservationClaimed', 'ReservationHeld']);
});

test('a claim whose owner shows the address is no longer in question, however old', async () => {
  const { store, ill, well, fail, heal, aMinutePasses } = failing();
  fail(call => isFor('reservation', call) && ofType('ReservationHeld')(call), unreachable);
  const answer = await create(ill, 'ann', ANN_AT);
  expect(answer, 'whether the address is ours is not known').toMatchObject({
    ok: false,
    error: { kind: 'UNAVAILABLE' },
  });
  heal();
  aMinutePasses();
  expect(await refusedAs(create(well, 'bob', ANN_AT))).toMatchObject({ code: 'EMAIL_TAKEN' });
  expect(await carriedOut(create(well, 'ann', ANN_AT))).toMatchObject({
    repeated: true,
    appended: 0,
    revision: 0,
  });
  expect(types(reservationEvents(store))).toEqual(['ReservationClaimed', 'ReservationHeld']);
});

test('an append that landed unanswered keeps its claim', async () => {
  const { store, ill, well, fail, heal, aMinutePasses } = failing();
  fail(toContact, unanswered);
  expect(await refusedAs(create(ill, 'ann', ANN_AT))).toMatchObject({ kind: 'UNAVAILABLE' });
  heal();
  aMinutePasses();
  expect(await refusedAs(create(well, 'bob', ANN_AT))).toMatchObject({ code: 'EMAIL_TAKEN' });
  const ann = await carriedOut(create(ill, 'ann', ANN_AT));
  expect(ann).toMatchObject({ repeated: true });
  expect(await holders(store)).toEqual({ [ANN_AT]: [ann.id] });
});

test.each([
  ['removed it', (side: WriteSide, id: string) => remove(side, id, ANN_AT)],
  ['was archived', (side: WriteSide, id: string) => side.send('archiveContact', {}, { id })],
])('an address that stays held by a contact that %s is taken over at once', async (_, leave) => {
  const { store, ill, well, fail } = failing();
  const ann = await carriedOut(create(ill, 'ann', ANN_AT));
  fail(ofType('ReservationReleased'), unreachable);
  await carriedOut(leave(ill, ann.id));
  expect(types(reservationEvents(store)).at(-1)).toBe('ReservationHeld');
  const bob = await carriedOut(create(well, 'bob', ANN_AT));
  expect(await holders(store)).toEqual({ [ANN_AT]: [bob.id] });
  expect(await refusedAs(add(ill, await person(ill, 'carol'), ANN_AT))).toMatchObject({
    details: { holderId: bob.id },
  });
});

test('a claim for what has meanwhile become impossible is freed', async () => {
  const { store, ill, well, fail, heal } = failing();
  const id = await person(well, 'ann');
  const first = gate();
  fail(toContact, first.hold);
  const slow = add(ill, id, ANN_AT, 'slow');
  await first.reached;
  await carriedOut(well.send('archiveContact', {}, { id }));
  heal();
  first.open();
  expect(await refusedAs(slow)).toMatchObject({ code: 'ARCHIVED' });
  expect(types(reservationEvents(store))).toEqual(['ReservationClaimed', 'ReservationReleased']);
  expect(await holders(store)).toEqual({});
});

test('of two commands that want one address for one contact, the second waits for the first and finds it done', async () => {
  const { store, ill, open, fail } = failing();
  const id = await person(ill, 'ann');
  const first = gate();
  fail(toContact, first.hold);
  const slow = add(ill, id, ANN_AT, 'slow');
  await first.reached;
  let hasMetTheClaim = false;
  const second = open({
    read: async (proceed, call) => {
      if (isFor('contact', call) && hasMetTheClaim) {
        first.open();
        await slow;
      }
      hasMetTheClaim ||= isFor('reservation', call);
      return proceed();
    },
  });
  expect(await carriedOut(add(second, id, ANN_AT, 'second'))).toMatchObject({ appended: 0, revision: 1 });
  expect(await carriedOut(slow)).toMatchObject({ appended: 1, revision: 1 });
  expect(await holders(store)).toEqual({ [ANN_AT]: [id] });
});
