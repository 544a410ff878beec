import { describe, expect, test } from 'vitest';
import { reservation } from '../../../../src/domain/shared/reservation.ts';
import { at, given, NOW } from '../../../support/decider.ts';
import { id } from '../../../support/ids.ts';

const { events } = reservation;
const [US, THEM] = ['contact-w.us', 'contact-w.them'];
const [MINE, OTHER] = [id(1), id(2)];
const claimed = (owner: string, by = MINE) => events.ReservationClaimed({ owner, by });
const held = (owner: string) => events.ReservationHeld({ owner });
const released = (owner: string) => events.ReservationReleased({ owner });

describe('claimReservation', () => {
  const claim = (input: object, ...past: Parameters<typeof given>[1][]) =>
    given(reservation, ...past).when('claimReservation', { owner: US, by: MINE, ...input });

  test('claims what is free', async () => {
    await claim({}).thenEvents(claimed(US));
    await claim({}, claimed(THEM), released(THEM)).thenEvents(claimed(US));
  });
  test('says nothing when this command claimed it already', () => claim({}, claimed(US)).thenNothing());
  test('is refused when another command of the same record claims it', () =>
    claim({}, claimed(US, OTHER)).thenRejected('RESERVED'));
  test('claims again what the record held and gave up', () =>
    claim({}, claimed(US, OTHER), held(US)).thenEvents(claimed(US)));
  test.each([[[claimed(THEM)]], [[claimed(THEM), held(THEM)]]])(
    'is refused when another record has it',
    past => claim({}, ...past).thenRejected('RESERVED'),
  );
  test.each([[[claimed(THEM)]], [[claimed(THEM), held(THEM)]]])(
    'takes over from the owner that is named',
    past => claim({ from: THEM }, ...past).thenEvents(claimed(US)),
  );
  test('does not take over from somebody else', () =>
    claim({ from: 'contact-w.gone' }, claimed(THEM)).thenRejected('RESERVED'));
});

describe('holdReservation', () => {
  const hold = (...past: Parameters<typeof given>[1][]) =>
    given(reservation, ...past).when('holdReservation', { owner: US });

  test('holds what was claimed, by whichever command', () => hold(claimed(US, OTHER)).thenEvents(held(US)));
  test('holds what is free: the owner shows it, and nobody else wants it', () => hold().thenEvents(held(US)));
  test('says nothing when it is held already', () => hold(claimed(US), held(US)).thenNothing());
  test.each([[[claimed(THEM)]], [[claimed(THEM), held(THEM)]]])(
    'is refused when another took it over',
    past => hold(...past).thenRejected('RESERVATION_LOST'),
  );
});

describe('releaseReservation', () => {
  const release = (...past: Parameters<typeof given>[1][]) =>
    given(reservation, ...past).when('releaseReservation', { owner: US });

  test.each([[[claimed(US)]], [[claimed(US), held(US)]]])('frees what the owner has', past =>
    release(...past).thenEvents(released(US)),
  );
  test.each([[[]], [[claimed(THEM)]], [[claimed(US), released(US)]]])(
    'says nothing when the owner has it not',
    past => release(...past).thenNothing(),
  );
});

test('a reservation after its events', () => {
  const since = '2017-01-01T00:00:00.000Z';
  expect(given(reservation).state).toEqual({ status: 'free' });
  expect(given(reservation, at(since, claimed(US))).state).toEqual({
    status: 'claimed',
    owner: US,
    by: MINE,
    since,
  });
  expect(given(reservation, at(since, claimed(US)), held(US)).state).toEqual({
    status: 'held',
    owner: US,
    since: NOW,
  });
  expect(given(reservation, claimed(US), released(US)).state).toEqual({ status: 'free' });
});
