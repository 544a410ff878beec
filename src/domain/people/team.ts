/** Team: people who work together under a lead. Event shapes are a storage format. */
import { z } from 'zod';
import { defineAggregate } from '../kernel/aggregate.ts';
import { command } from '../kernel/command.ts';
import { defineEvents, described } from '../kernel/events.ts';
import { ownership } from '../kernel/record.ts';
import { reject } from '../kernel/rejection.ts';
import { begun, call } from '../kernel/undo.ts';
import { Id, Ref, Text } from '../kernel/values.ts';

const MAX_MEMBERS = 1_000;
const details = { name: Text(200), leadId: Ref('user').optional(), region: Text(100).optional() };

const events = defineEvents('team', {
  TeamFormed: described('A team was formed.', {
    ...details,
    ...ownership,
    memberIds: z.array(Id).max(MAX_MEMBERS),
  }),
  TeamMembersChanged: described('People joined or left the team.', {
    added: z.array(Id),
    removed: z.array(Id),
  }),
});

export type Team = { readonly memberIds: readonly Id[] };

const define = command<Team>();
const members = z.array(Ref('user')).max(MAX_MEMBERS);

export const team = defineAggregate<Team, typeof events>({
  category: 'team',
  details,
  events,
  initial: { memberIds: [] },
  evolve: {
    TeamFormed: (_, e) => ({ memberIds: e.memberIds }),
    TeamMembersChanged: (s, e) => ({ memberIds: changeMembers(s.memberIds, e) }),
  },
  undo: {
    TeamFormed: begun,
    TeamMembersChanged: ({ added, removed }) => ({
      parts: [...added, ...removed].map(membership),
      back: parts => {
        const held = (ids: readonly Id[]) => ids.filter(id => parts.has(membership(id)));
        return [call('changeTeamMembers', { add: held(removed), remove: held(added) })];
      },
    }),
  },
  commands: {
    formTeam: define({
      creates: true,
      description: 'Forms a team.',
      input: { ...details, ...ownership, memberIds: members.optional() },
      decide: input => [events.TeamFormed({ ...input, memberIds: [...new Set(input.memberIds ?? [])] })],
    }),
    changeTeamMembers: define({
      description: 'Adds people to a team and takes others out; who is named in both is added.',
      input: { add: members.optional(), remove: members.optional() },
      decide: ({ add = [], remove = [] }, s) => {
        const added = [...new Set(add)].filter(id => !s.memberIds.includes(id));
        const removed = [...new Set(remove)].filter(id => s.memberIds.includes(id) && !add.includes(id));
        if (added.length === 0 && removed.length === 0) return [];
        if (s.memberIds.length + added.length - removed.length > MAX_MEMBERS)
          return reject(
            'TEAM_TOO_LARGE',
            `a team has at most ${MAX_MEMBERS} members; form a second one`,
            'add',
          );
        return [events.TeamMembersChanged({ added, removed })];
      },
    }),
  },
});

const membership = (id: Id) => `members.${id}`;

export const changeMembers = (
  members: readonly Id[],
  { added, removed }: { added: readonly Id[]; removed: readonly Id[] },
) => [...members.filter(id => !removed.includes(id)), ...added];
