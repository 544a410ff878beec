/** The demo's activities: calls, meetings, tasks and notes that took place, and what is planned. */
import type { Deal } from './deals.ts';
import { daysAgo, type Setting, type Story, storyOf, type Told } from './story.ts';
import { CALLS, MEETINGS, NOTES, TASKS } from './words.ts';

const LOGGED = 200;
const COMPLETED = 50;
const PLANNED = 50;

type About = {
  readonly accountId: string;
  readonly contactIds: readonly string[];
  readonly opportunityId: string;
  readonly ownerId: string;
};

export function tellActivities(setting: Setting, deals: readonly Deal[]): Story[] {
  const open = deals.filter(deal => deal.isOpen);
  const kinds = [
    ...Array.from({ length: LOGGED }, () => ({ tell: tellLogged, about: deals })),
    ...Array.from({ length: COMPLETED }, () => ({ tell: tellCompleted, about: deals })),
    ...Array.from({ length: PLANNED }, () => ({ tell: tellPlanned, about: open })),
  ];
  return kinds.map(({ tell, about }, n) => {
    const deal = setting.random.pick(about);
    return storyOf(setting, 'activity', n, tell(setting, aboutOf(setting, deal), deal.openedDaysAgo));
  });
}

const aboutOf = ({ ids }: Setting, { n, customer, contactN }: Deal): About => ({
  accountId: ids.record('account', customer.n),
  contactIds: [ids.record('contact', contactN)],
  opportunityId: ids.record('opportunity', n),
  ownerId: ids.record('user', customer.ownerN),
});

function tellLogged(setting: Setting, about: About, openedDaysAgo: number): Told[] {
  const { random } = setting;
  const type = random.pick(['call', 'call', 'meeting', 'note'] as const);
  const at = daysAgo(setting, random.int(1, Math.min(openedDaysAgo - 1, 90)));
  const more = {
    call: () => ({
      subject: random.pick(CALLS),
      direction: random.pick(['inbound', 'outbound']),
      minutes: random.int(2, 40),
    }),
    meeting: () => ({
      subject: random.pick(MEETINGS),
      minutes: random.int(2, 8) * 15,
      outcome: 'Next step agreed',
    }),
    note: () => ({ subject: 'Note', body: random.pick(NOTES) }),
  };
  return [{ name: 'logActivity', input: { type, ...about, ...more[type]() }, at }];
}

/** Planned some days before, and done since. */
function tellCompleted(setting: Setting, about: About, openedDaysAgo: number): Told[] {
  const { random } = setting;
  const planned = random.int(1, openedDaysAgo - 1);
  const done = Math.max(1, planned - random.int(1, 10));
  const [scheduledAt, doneAt] = [daysAgo(setting, planned), daysAgo(setting, done)];
  const [first, second] = scheduledAt <= doneAt ? [scheduledAt, doneAt] : [doneAt, scheduledAt];
  const input = { type: 'task', subject: random.pick(TASKS), dueAt: second.toISOString(), ...about };
  return [
    { name: 'scheduleActivity', input, at: first },
    { name: 'completeActivity', input: { outcome: 'Done' }, at: second },
  ];
}

/** Most are ahead; a few are overdue, as in life. */
function tellPlanned(setting: Setting, about: About, openedDaysAgo: number): Told[] {
  const { random } = setting;
  const type = random.pick(['task', 'call', 'meeting'] as const);
  const subject = random.pick({ task: TASKS, call: CALLS, meeting: MEETINGS }[type]);
  const planned = Math.min(6, openedDaysAgo - 1);
  const isOverdue = planned > 1 && random.happens(0.15);
  const dueAt = daysAgo(setting, isOverdue ? random.int(1, planned - 1) : -random.int(1, 30)).toISOString();
  const at = daysAgo(setting, planned);
  return [{ name: 'scheduleActivity', input: { type, subject, dueAt, ...about }, at }];
}
