/**
 * Reservation: one value that only one record may hold, such as an e-mail address; its stream is named by a keyed
 * hash of the value. Free → claimed by owner and command → held → free. The owner's own stream is the truth: whoever
 * meets a claim reads it.
 * Event shapes are a storage format: change one only by a new version and an upcaster.
 */
import { defineAggregate } from '../kernel/aggregate.ts';
import { command } from '../kernel/command.ts';
import { defineEvents, described } from '../kernel/events.ts';
import { reject } from '../kernel/rejection.ts';
import { never } from '../kernel/undo.ts';
import { Id, type Instant, Text } from '../kernel/values.ts';

/** The name of the stream that holds, or wants to hold, the value. */
const owner = Text(200);
/** Says which command of the owner's claims it, so that no other one frees it under its hands. */
const by = Id;

const events = defineEvents('reservation', {
  ReservationClaimed: described('A command wants the value for the record that owns it from then on.', {
    owner,
    by,
  }),
  ReservationHeld: described('The owner has the value.', { owner }),
  ReservationReleased: described('The value is free again.', { owner }),
});

export type Reservation =
  | { readonly status: 'free' }
  | { readonly status: 'claimed'; readonly owner: string; readonly by: Id; readonly since: Instant }
  | { readonly status: 'held'; readonly owner: string; readonly since: Instant };

const define = command<Reservation>();
const followsOwner = never('it follows from what its owner has');

export const reservation = defineAggregate<Reservation, typeof events>({
  category: 'reservation',
  events,
  initial: { status: 'free' },
  evolve: {
    ReservationClaimed: (_, e, { occurredAt }) => ({
      status: 'claimed',
      owner: e.owner,
      by: e.by,
      since: occurredAt,
    }),
    ReservationHeld: (_, e, { occurredAt }) => ({ status: 'held', owner: e.owner, since: occurredAt }),
    ReservationReleased: () => ({ status: 'free' }),
  },
  undo: {
    ReservationClaimed: followsOwner,
    ReservationHeld: followsOwner,
    ReservationReleased: followsOwner,
  },
  commands: {
    claimReservation: define({
      internal: true,
      anyState: true,
      /** `from` is the owner that it is taken over from. */
      input: { owner, by, from: owner.optional() },
      decide: ({ owner: claimer, by: command, from }, s) => {
        if (s.status === 'claimed' && s.owner === claimer && s.by === command) return [];
        const again = s.status === 'held' && s.owner === claimer; // the record has given it up, and not freed it yet
        return s.status === 'free' || s.owner === from || again
          ? [events.ReservationClaimed({ owner: claimer, by: command })]
          : reject('RESERVED', 'another command has it');
      },
    }),
    /** For an owner whose stream shows the value: then nobody else's may, whether the claim still stands or was freed. */
    holdReservation: define({
      internal: true,
      anyState: true,
      input: { owner },
      decide: ({ owner: holder }, s) => {
        if (s.status !== 'free' && s.owner !== holder)
          return reject('RESERVATION_LOST', 'another record took it over');
        return s.status === 'held' ? [] : [events.ReservationHeld({ owner: holder })];
      },
    }),
    releaseReservation: define({
      internal: true,
      anyState: true,
      input: { owner },
      decide: ({ owner: holder }, s) =>
        s.status !== 'free' && s.owner === holder ? [events.ReservationReleased({ owner: holder })] : [],
    }),
  },
});
