import { describe, expect, test } from 'vitest';
import { activity } from '../../../../src/domain/sales/activity.ts';
import { given } from '../../../support/decider.ts';
import { ACME, ANN, BOB, id } from '../../../support/ids.ts';

const { events } = activity;
const MONDAY = '2017-03-20T09:00:00.000Z';
const TUESDAY = '2017-03-21T09:00:00.000Z';
const planned = events.ActivityScheduled({ subject: 'Call Ann', type: 'call', dueAt: MONDAY });
const completed = events.ActivityCompleted({ outcome: 'interested', minutes: 12 });
const cancelled = events.ActivityCancelled({});
const reopened = events.ActivityReopened({});
const noted = events.ActivityLogged({ subject: 'Met at the fair', type: 'note' });

describe('scheduleActivity', () => {
  test.each(['task', 'call', 'meeting'] as const)('plans a %s', type =>
    given(activity)
      .when('scheduleActivity', { subject: 'Do it', type, dueAt: '2017-03-20T10:00:00+01:00', ownerId: ANN })
      .thenEvents(events.ActivityScheduled({ subject: 'Do it', type, dueAt: MONDAY, ownerId: ANN })),
  );
  test('needs no due time', () =>
    given(activity)
      .when('scheduleActivity', { subject: 'Some day', type: 'task' })
      .thenState({ dueAt: null }));
  test('a note is not planned', () =>
    expect(
      given(activity).when('scheduleActivity', { subject: 'x', type: 'note' }).thenNothing(),
    ).rejects.toThrow());
});

describe('logActivity', () => {
  test('records what took place, with whom and about what', () => {
    const what = {
      subject: 'Call',
      type: 'call' as const,
      direction: 'inbound' as const,
      minutes: 5,
      outcome: 'will buy',
      accountId: ACME,
      contactIds: [BOB],
      opportunityId: id(7),
    };
    return given(activity).when('logActivity', what).thenEvents(events.ActivityLogged(what));
  });
  test.each(['task', 'meeting', 'note'])('a %s has no direction', type =>
    given(activity)
      .when('logActivity', { subject: 'x', type, direction: 'inbound' })
      .thenRejected('NO_DIRECTION', 'direction'),
  );
});

describe('completeActivity', () => {
  const complete = (input: object, ...past: Parameters<typeof given>[1][]) =>
    given(activity, planned, ...past).when('completeActivity', input);

  test('completes what was planned', () =>
    complete({ outcome: 'interested', minutes: 12 }).thenEvents(completed));
  test('needs no outcome', () => complete({}).thenEvents(events.ActivityCompleted({})));
  test.each([{}, { outcome: 'interested' }, { minutes: 12 }, { outcome: 'interested', minutes: 12 }])(
    'says nothing when it is done so already %j',
    input => complete(input, completed).thenNothing(),
  );
  test.each([{ outcome: 'not interested' }, { minutes: 13 }])(
    'is refused when it is done otherwise %j',
    input => complete(input, completed).thenRejected('NOT_PLANNED'),
  );
  test('a cancelled one is not completed', () => complete({}, cancelled).thenRejected('NOT_PLANNED'));
  test('what was logged is done', () => given(activity, noted).when('completeActivity').thenNothing());
});

describe('rescheduleActivity', () => {
  const move = (dueAt: string, ...past: Parameters<typeof given>[1][]) =>
    given(activity, planned, ...past).when('rescheduleActivity', { dueAt });

  test('moves it', () => move(TUESDAY).thenEvents(events.ActivityRescheduled({ from: MONDAY, to: TUESDAY })));
  test('gives it a first due time', () =>
    given(activity, events.ActivityScheduled({ subject: 'Some day', type: 'task' }))
      .when('rescheduleActivity', { dueAt: MONDAY })
      .thenEvents(events.ActivityRescheduled({ from: null, to: MONDAY })));
  test('takes the due time away', () =>
    given(activity, planned)
      .when('rescheduleActivity', { dueAt: null })
      .thenEvents(events.ActivityRescheduled({ from: MONDAY, to: null })));
  test('says nothing when it is due then already', () => move(MONDAY).thenNothing());
  test.each([completed, cancelled])('is refused when it is over', event =>
    move(TUESDAY, event).thenRejected('NOT_PLANNED'),
  );
});

describe('cancelActivity', () => {
  const cancel = (input: object, ...past: Parameters<typeof given>[1][]) =>
    given(activity, planned, ...past).when('cancelActivity', input);

  test('cancels what was planned', () =>
    cancel({ reason: 'ill' }).thenEvents(events.ActivityCancelled({ reason: 'ill' })));
  test('says nothing when it is cancelled already', () => cancel({}, cancelled).thenNothing());
  test('what is done is not cancelled', () => cancel({}, completed).thenRejected('NOT_PLANNED'));
});

describe('reopenActivity', () => {
  const reopen = (...past: Parameters<typeof given>[1][]) => given(activity, ...past).when('reopenActivity');

  test.each([completed, cancelled])('plans again what is over', event =>
    reopen(planned, event).thenEvents(reopened),
  );
  test('says nothing when it is planned', () => reopen(planned).thenNothing());
  test('what was only logged took place', () => reopen(noted).thenRejected('NOT_PLANNED'));
});

test.each([
  ['ActivityScheduled', [planned], { status: 'planned', dueAt: MONDAY }],
  ['ActivityLogged', [noted], { status: 'done', outcome: null, minutes: null }],
  [
    'ActivityCompleted',
    [planned, completed],
    { status: 'done', outcome: 'interested', minutes: 12, planned: { dueAt: MONDAY } },
  ],
  [
    'ActivityRescheduled',
    [planned, events.ActivityRescheduled({ from: MONDAY, to: TUESDAY })],
    { status: 'planned', dueAt: TUESDAY },
  ],
  ['ActivityCancelled', [planned, cancelled], { status: 'cancelled', planned: { dueAt: MONDAY } }],
  ['ActivityReopened', [planned, completed, reopened], { status: 'planned', dueAt: MONDAY }],
  ['ActivityReopened', [planned, cancelled, reopened], { status: 'planned', dueAt: MONDAY }],
])('an activity after %s', (_, past, state) => expect(given(activity, ...past).state).toEqual(state));
