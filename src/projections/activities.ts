/** One row an activity, with history: agendas and what was done. */
import { activity } from '../domain/sales/activity.ts';
import { choice, instant, int, ref, refs, searchable, text } from './columns.ts';
import { recordModel } from './readModel.ts';

export const activities = recordModel('activities', activity, {
  version: 2,
  columns: {
    type: choice('ActivityType', ['task', 'call', 'meeting', 'note']),
    subject: searchable(text),
    body: text.optional,
    status: choice('ActivityStatus', ['planned', 'done', 'cancelled']),
    accountId: ref('account').optional,
    contactIds: refs('contact'),
    opportunityId: ref('opportunity').optional,
    dueAt: instant.optional,
    /** When it took place. */
    doneAt: instant.optional,
    direction: choice('CallDirection', ['inbound', 'outbound']).optional,
    minutes: int.optional,
    outcome: text.optional,
  },
  indexes: [['accountId'], ['opportunityId'], ['contactIds'], ['ownerId', 'status', 'dueAt']],
  on: {
    ActivityScheduled: (_, { data }) => ({
      ...about(data),
      type: data.type,
      status: 'planned',
      dueAt: data.dueAt ?? null,
    }),
    ActivityLogged: (_, { data, occurredAt }) => ({
      ...about(data),
      type: data.type,
      status: 'done',
      doneAt: occurredAt,
      direction: data.direction ?? null,
      minutes: data.minutes ?? null,
      outcome: data.outcome ?? null,
    }),
    ActivityCompleted: (row, { data, occurredAt }) => ({
      status: 'done',
      doneAt: occurredAt,
      outcome: data.outcome ?? null,
      minutes: data.minutes ?? row.minutes,
    }),
    ActivityRescheduled: (_, { data }) => ({ dueAt: data.to }),
    ActivityCancelled: () => ({ status: 'cancelled' }),
    ActivityReopened: () => ({ status: 'planned', doneAt: null, outcome: null, minutes: null }),
  },
});

type Related = {
  readonly accountId?: string | undefined;
  readonly contactIds?: readonly string[] | undefined;
  readonly opportunityId?: string | undefined;
};

const about = ({ accountId, contactIds, opportunityId }: Related) => ({
  accountId: accountId ?? null,
  contactIds: contactIds ?? [],
  opportunityId: opportunityId ?? null,
});
