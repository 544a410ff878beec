/** One row a team, with history. */
import { changeMembers, team } from '../domain/people/team.ts';
import { ref, refs, searchable, text } from './columns.ts';
import { recordModel } from './readModel.ts';

export const teams = recordModel('teams', team, {
  version: 1,
  columns: {
    name: searchable(text),
    leadId: ref('user').optional,
    region: text.optional,
    memberIds: refs('user'),
  },
  indexes: [['name'], ['memberIds']],
  on: {
    TeamFormed: (_, { data }) => ({ memberIds: data.memberIds }),
    TeamMembersChanged: (row, { data }) => ({ memberIds: changeMembers(row.memberIds, data) }),
  },
});
