/**
 * Reservation: one value that only one record may hold, such as an e-mail address; its stream is named by a keyed
 * hash of the value. Free → claimed → held → free. The owner's own stream is the truth: whoever meets a claim reads it.
 * Event shapes are a storage format: change one only by a new version and an upcaster.
 */
import { z } from 'zod';
import { defineAggregate } from '../kernel/aggregate.ts';
import { command } from '../kernel/command.ts';
import { defineEvents } from '../kernel/events.ts';
import { reject } from '../kernel/rejection.ts';
import { type Instant, Text } from '../kernel/values.ts';

/** The name of the stream that holds, or wants to hold, the value. */
const owner = Text(200);

const events = defineEvents('reservation', {
  ReservationClaimed: { owner },
  ReservationHeld: { owner },
  ReservationReleased: { owner },
});

export type Reservation =
  | { readonly status: 'free' }
  | { readonly status: 'claimed'; readonly owner: string; readonly since: Instant }
  | { readonly status: 'held'; readonly owner: string; readonly since: Instant };

const define = command<Reservation>();

export const reservation = defineAggregate<Reservation, typeof events>({
  category: 'reservation',
  events,
  initial: { status: 'free' },
  evolve: {
    ReservationClaimed: (_, e, { occurredAt }) => ({ status: 'claimed', owner: e.owner, since: occurredAt }),
    ReservationHeld: (_, e, { occurredAt }) => ({ status: 'held', owner: e.owner, since: occurredAt }),
    ReservationReleased: () => ({ status: 'free' }),
  },
  commands: {
    claimReservation: define({
      internal: true,
      anyState: true,
      input: { owner, from: z.string().optional() },
      decide: ({ owner: claimer, from }, s) => {
        if (s.status === 'free' || s.owner === from) return [events.ReservationClaimed({ owner: claimer })];
        return s.owner === claimer ? [] : reject('RESERVED', 'another record has it', undefined, { ...s });
      },
    }),
    holdReservation: define({
      internal: true,
      anyState: true,
      input: { owner },
      decide: ({ owner: holder }, s) => {
        if (s.status === 'free' || s.owner !== holder)
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
