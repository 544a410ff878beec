/**
 * Activity: a task, call or meeting that is planned, or a call, meeting or note that took place. Each is a stream of its
 * own, so that what comes in late can say when it happened.
 * Event shapes are a storage format: change one only by a new version and an upcaster.
 */
import { z } from 'zod';
import { defineAggregate } from '../kernel/aggregate.ts';
import { command } from '../kernel/command.ts';
import { defineEvents, described, versioned } from '../kernel/events.ts';
import { ownership } from '../kernel/record.ts';
import { reject } from '../kernel/rejection.ts';
import { begun, call, part } from '../kernel/undo.ts';
import { Instant, Ref, Text } from '../kernel/values.ts';

const Plannable = z.enum(['task', 'call', 'meeting']).meta({ title: 'PlannableActivityType' });
const Loggable = z.enum(['task', 'call', 'meeting', 'note']).meta({ title: 'ActivityType' });
const Direction = z.enum(['inbound', 'outbound']).meta({ title: 'CallDirection' });

const details = { subject: Text(300), body: Text(8_000).optional() };

/** Records that it is about; its events stand in their timelines. */
const related = {
  accountId: Ref('account').optional(),
  contactIds: z.array(Ref('contact')).max(50).optional(),
  opportunityId: Ref('opportunity').optional(),
};
const minutes = z.int().min(0).max(100_000);
const outcome = Text(500);

const events = defineEvents('activity', {
  ActivityScheduled: described('A task, call or meeting was planned.', {
    ...details,
    ...ownership,
    ...related,
    type: Plannable,
    dueAt: Instant.optional(),
  }),
  ActivityLogged: described(
    'A task, call, meeting or note was recorded that took place without having been planned.',
    {
      ...details,
      ...ownership,
      ...related,
      type: Loggable,
      direction: Direction.optional(),
      minutes: minutes.optional(),
      outcome: outcome.optional(),
    },
  ),
  ActivityCompleted: described('The planned activity was done.', {
    outcome: outcome.optional(),
    minutes: minutes.optional(),
  }),
  /** Until version 1 it could only be put to a time. */
  ActivityRescheduled: described(
    'The planned activity got another time, or none.',
    versioned(
      2,
      { from: Instant.nullable(), to: Instant.nullable() },
      { 1: data => ({ ...data }) },
      { 1: { from: Instant.nullable(), to: Instant } },
    ),
  ),
  ActivityCancelled: described('The planned activity will not take place.', { reason: Text(500).optional() }),
  ActivityReopened: described('The activity that was done or cancelled is planned again.', {}),
});

export type Activity =
  | { readonly status: 'none' }
  | { readonly status: 'planned'; readonly dueAt: Instant | null }
  | {
      readonly status: 'done';
      readonly outcome: string | null;
      readonly minutes: number | null;
      /** As it was planned; what was only logged never was. */
      readonly planned?: Planned;
    }
  | { readonly status: 'cancelled'; readonly planned: Planned };
type Planned = { readonly dueAt: Instant | null };

const define = command<Activity>();
const notPlanned = (s: Activity) => reject('NOT_PLANNED', `the activity is ${s.status}; plan a new one`);

export const activity = defineAggregate<Activity, typeof events>({
  category: 'activity',
  details,
  events,
  initial: { status: 'none' },
  evolve: {
    ActivityScheduled: (_, e) => ({ status: 'planned', dueAt: e.dueAt ?? null }),
    ActivityLogged: (_, e) => done(e),
    ActivityCompleted: (s, e) => ({ ...done(e), planned: plannedOf(s) }),
    ActivityRescheduled: (_, e) => ({ status: 'planned', dueAt: e.to }),
    ActivityCancelled: s => ({ status: 'cancelled', planned: plannedOf(s) }),
    ActivityReopened: s => ({ status: 'planned', ...plannedOf(s) }),
  },
  undo: {
    ActivityScheduled: begun,
    ActivityLogged: begun,
    ActivityCompleted: () => part('status', call('reopenActivity')),
    ActivityRescheduled: e => part('dueAt', call('rescheduleActivity', { dueAt: e.from })),
    ActivityCancelled: () => part('status', call('reopenActivity')),
    ActivityReopened: (_, s) =>
      part('status', s.status === 'done' ? call('completeActivity', resultOf(s)) : call('cancelActivity')),
  },
  commands: {
    scheduleActivity: define({
      creates: true,
      description: 'Plans a task, call or meeting.',
      input: { ...details, ...ownership, ...related, type: Plannable, dueAt: Instant.optional() },
      decide: input => [events.ActivityScheduled(input)],
    }),
    logActivity: define({
      creates: true,
      description: 'Records a call, meeting, task or note that took place; occurredAt says when.',
      input: {
        ...details,
        ...ownership,
        ...related,
        type: Loggable,
        direction: Direction.optional(),
        minutes: minutes.optional(),
        outcome: outcome.optional(),
      },
      decide: input =>
        input.direction && input.type !== 'call'
          ? reject('NO_DIRECTION', `a ${input.type} has no direction; leave it out`, 'direction')
          : [events.ActivityLogged(input)],
    }),
    completeActivity: define({
      input: { outcome: outcome.optional(), minutes: minutes.optional() },
      decide: (input, s) => {
        if (s.status === 'done' && repeats(s, input)) return [];
        return s.status === 'planned' ? [events.ActivityCompleted(input)] : notPlanned(s);
      },
    }),
    rescheduleActivity: define({
      description: 'Puts it to another time, or to none with null.',
      input: { dueAt: Instant.nullable() },
      decide: ({ dueAt }, s) => {
        if (s.status !== 'planned') return notPlanned(s);
        return s.dueAt === dueAt ? [] : [events.ActivityRescheduled({ from: s.dueAt, to: dueAt })];
      },
    }),
    cancelActivity: define({
      input: { reason: Text(500).optional() },
      decide: (input, s) => {
        if (s.status === 'cancelled') return [];
        return s.status === 'planned' ? [events.ActivityCancelled(input)] : notPlanned(s);
      },
    }),
    reopenActivity: define({
      description: 'Plans again what was completed or cancelled, for the time it was planned for.',
      input: {},
      decide: (_, s) => {
        if (s.status === 'planned') return [];
        return 'planned' in s ? [events.ActivityReopened({})] : notPlanned(s);
      },
    }),
  },
});

type Result = { readonly outcome?: string | undefined; readonly minutes?: number | undefined };

const plannedOf = (s: Activity): Planned =>
  s.status === 'planned' ? { dueAt: s.dueAt } : ('planned' in s && s.planned) || { dueAt: null };

const resultOf = ({ outcome, minutes }: Activity & { status: 'done' }) => ({
  ...(outcome !== null && { outcome }),
  ...(minutes !== null && { minutes }),
});

const done = ({ outcome, minutes }: Result): Activity & { status: 'done' } => ({
  status: 'done',
  outcome: outcome ?? null,
  minutes: minutes ?? null,
});

/** Whether everything that is said of how it went is already so. */
const repeats = (s: Activity & { status: 'done' }, { outcome, minutes }: Result) =>
  (outcome === undefined || outcome === s.outcome) && (minutes === undefined || minutes === s.minutes);
