/** A process that stands still while it takes an address, for longer than its claim is respected. */
import { expect, test } from 'vitest';
import { unanswered, unreachable } from '../../support/storeFaults.ts';
import { carriedOut, refusedAs } from '../../support/writeSide.ts';
import { ANN_AT, add, BOB_AT, create, holders, person, remove, reservationEvents } from './contacts.ts';
import { failing, gate, ofType, toContact } from './failing.ts';
import { types } from './support.ts';

/** Ann's append stands still, and after a minute Bob takes her claim over. */
async function overtaken() {
  const all = failing();
  const { hold, reached, open } = gate();
  const id = await person(all.well, 'ann');
  all.fail(toContact, hold);
  const slow = add(all.ill, id, ANN_AT, 'add');
  await reached;
  all.aMinutePasses();
  const bob = await carriedOut(create(all.well, 'bob', ANN_AT));
  all.heal();
  const wake = () => {
    open();
    return slow;
  };
  return { ...all, id, bob, wake };
}

test('a slow claimer that wakes up gives the address up, and says who it is not for', async () => {
  const { store, well, id, bob, wake } = await overtaken();
  expect(await refusedAs(wake())).toMatchObject({
    kind: 'RULE_VIOLATION',
    code: 'EMAIL_TAKEN',
    path: 'email',
  });
  expect(await holders(store)).toEqual({ [ANN_AT]: [bob.id] });
  const stream = store.stream(`contact-main.${id}`);
  expect(types(stream)).toEqual(['ContactCreated', 'ContactEmailAdded', 'ContactEmailRemoved']);
  expect(stream.at(-1)?.metadata).toMatchObject({
    actor: { type: 'process', id: 'reservations' },
    $causationId: 'add',
  });
  expect(await refusedAs(add(well, id, ANN_AT, 'add')), 'sent again, it answers the same').toMatchObject({
    code: 'EMAIL_TAKEN',
  });
  expect(types(store.stream(`contact-main.${id}`))).toHaveLength(3);
});

test.each([
  ['is not answered', unanswered],
  ['does not arrive', unreachable],
])('a slow claimer whose giving up %s does not pretend to have', async (_, fault) => {
  const { store, well, fail, heal, id, bob, wake } = await overtaken();
  fail(ofType('ContactEmailRemoved'), fault);
  expect(await refusedAs(wake())).toMatchObject({ kind: 'UNAVAILABLE' });
  heal();
  expect(await refusedAs(add(well, id, ANN_AT, 'add'))).toMatchObject({ code: 'EMAIL_TAKEN' });
  expect(await holders(store)).toEqual({ [ANN_AT]: [bob.id] });
});

test('an append that lands after its claim was taken over, unanswered, is given up by whoever sends the command again', async () => {
  const { store, ill, well, fail, heal, aMinutePasses } = failing();
  const late: (() => unknown)[] = [];
  fail(toContact, async proceed => {
    late.push(proceed);
    return unreachable();
  });
  expect(await refusedAs(create(ill, 'ann', ANN_AT))).toMatchObject({ kind: 'UNAVAILABLE' });
  heal();
  aMinutePasses();
  const bob = await carriedOut(create(well, 'bob', ANN_AT));
  late[0]?.();
  expect(await refusedAs(create(well, 'ann', ANN_AT))).toMatchObject({ code: 'EMAIL_TAKEN' });
  expect(await holders(store)).toEqual({ [ANN_AT]: [bob.id] });
});

test('whoever takes over too early gives back what the owner shows after all', async () => {
  const { store, ill, open, fail, aMinutePasses } = failing();
  const ann = gate();
  const held = gate();
  fail(
    () => true,
    (proceed, call) => {
      if (toContact(call)) return ann.hold(proceed, call);
      return ofType('ReservationHeld')(call) ? held.hold(proceed, call) : Promise.resolve(proceed());
    },
  );
  const slow = create(ill, 'ann', ANN_AT);
  await ann.reached;
  aMinutePasses();
  // Ann's append lands after Bob has read her stream in vain, and right before he takes her claim over.
  const taker = open({
    append: async (proceed, call) => {
      if (ofType('ReservationClaimed')(call) && call.expected !== 'no_stream') {
        ann.open();
        await held.reached;
      }
      return proceed();
    },
  });
  expect(await refusedAs(create(taker, 'bob', ANN_AT))).toMatchObject({ code: 'EMAIL_TAKEN' });
  held.open();
  const { id } = await carriedOut(slow);
  expect(await holders(store)).toEqual({ [ANN_AT]: [id] });
});

test('a record that loses several addresses at once gives each of them up, in as many tries as it takes', async () => {
  const { store, ill, well, fail, heal, aMinutePasses } = failing();
  const { hold, reached, open } = gate();
  fail(toContact, hold);
  const slow = create(ill, 'ann', ANN_AT, BOB_AT, 'c@example.com');
  await reached;
  aMinutePasses();
  const bob = await carriedOut(create(well, 'bob', ANN_AT, BOB_AT));
  let givenUp = 0;
  fail(ofType('ContactEmailRemoved'), async proceed => (++givenUp === 1 ? proceed() : unreachable()));
  open();
  expect(await refusedAs(slow)).toMatchObject({ kind: 'UNAVAILABLE' });
  heal();
  for (const side of [well, ill])
    expect(await refusedAs(create(side, 'ann', ANN_AT, BOB_AT, 'c@example.com'))).toMatchObject({
      code: 'EMAIL_TAKEN',
    });
  const found = await holders(store);
  expect([found[ANN_AT], found[BOB_AT]]).toEqual([[bob.id], [bob.id]]);
  expect(found['c@example.com']).toHaveLength(1);
});

test('an owner that has held the address in the meantime is not taken over', async () => {
  const { store, ill, open, fail, aMinutePasses } = failing();
  const ann = gate();
  fail(toContact, ann.hold);
  const slow = create(ill, 'ann', ANN_AT);
  await ann.reached;
  aMinutePasses();
  const taker = open({
    append: async (proceed, call) => {
      if (ofType('ReservationClaimed')(call) && call.expected !== 'no_stream') {
        ann.open();
        await slow;
      }
      return proceed();
    },
  });
  expect(await refusedAs(create(taker, 'bob', ANN_AT))).toMatchObject({ code: 'EMAIL_TAKEN' });
  expect(types(reservationEvents(store))).toEqual(['ReservationClaimed', 'ReservationHeld']);
  expect(await holders(store)).toEqual({ [ANN_AT]: [(await carriedOut(slow)).id] });
});

test('an address that was removed and added again is not freed by whoever removed it slowly', async () => {
  const { store, ill, well, fail } = failing();
  const { id } = await carriedOut(create(well, 'ann', ANN_AT));
  const release = gate();
  fail(ofType('ReservationReleased'), release.hold);
  const removing = remove(ill, id, ANN_AT);
  await release.reached;
  await carriedOut(add(well, id, ANN_AT));
  release.open();
  await carriedOut(removing);
  expect(types(reservationEvents(store)).at(-1)).toBe('ReservationHeld');
  expect(await refusedAs(create(well, 'bob', ANN_AT))).toMatchObject({ code: 'EMAIL_TAKEN' });
});

test('a command that gives up does not free what another command of its contact has claimed since', async () => {
  const { store, ill, well, open, fail, aMinutePasses } = failing();
  const id = await person(well, 'ann');
  const [first, second] = [gate(), gate()];
  fail(toContact, first.hold);
  const slow = add(ill, id, ANN_AT, 'slow');
  await first.reached;
  aMinutePasses();
  const patient = open({
    append: (proceed, call) => (toContact(call) ? second.hold(proceed, call) : Promise.resolve(proceed())),
  });
  const other = add(patient, id, ANN_AT, 'other');
  await second.reached;
  await carriedOut(well.send('archiveContact', {}, { id }));
  first.open();
  expect(await refusedAs(slow)).toMatchObject({ code: 'ARCHIVED' });
  expect(types(reservationEvents(store))).toEqual(['ReservationClaimed', 'ReservationClaimed']);
  second.open();
  expect(await refusedAs(other)).toMatchObject({ code: 'ARCHIVED' });
  expect(types(reservationEvents(store)).at(-1)).toBe('ReservationReleased');
});
