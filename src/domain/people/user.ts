/** User: a person who works here. Event shapes are a storage format. */
import { defineAggregate } from '../kernel/aggregate.ts';
import { command } from '../kernel/command.ts';
import { defineEvents, described } from '../kernel/events.ts';
import { personal } from '../kernel/personal.ts';
import { ownership } from '../kernel/record.ts';
import { begun } from '../kernel/undo.ts';
import { EmailAddress, Text } from '../kernel/values.ts';

const details = {
  name: personal(Text(200)),
  email: personal(EmailAddress).optional(),
  jobTitle: personal(Text(100)).optional(),
};

const events = defineEvents('user', {
  UserInvited: described('A colleague was added.', { ...details, ...ownership }),
});

export type User = Readonly<Record<string, never>>;

export const user = defineAggregate<User, typeof events>({
  category: 'user',
  details,
  events,
  initial: {},
  evolve: { UserInvited: s => s },
  undo: { UserInvited: begun },
  commands: {
    inviteUser: command<User>()({
      creates: true,
      description: 'Adds a colleague, who can then own records and belong to teams.',
      input: { ...details, ...ownership },
      decide: input => [events.UserInvited(input)],
    }),
  },
});
