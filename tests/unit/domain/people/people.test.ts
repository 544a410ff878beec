import { describe, expect, test } from 'vitest';
import { team } from '../../../../src/domain/people/team.ts';
import { user } from '../../../../src/domain/people/user.ts';
import { given } from '../../../support/decider.ts';
import { ANN, BOB, CAROL, id } from '../../../support/ids.ts';

const formed = (...memberIds: string[]) => team.events.TeamFormed({ name: 'East', memberIds });
const changed = (added: string[], removed: string[]) => team.events.TeamMembersChanged({ added, removed });

test('inviteUser adds a colleague, with a normalised address', () =>
  given(user)
    .when('inviteUser', { name: 'Ann', email: ' Ann@Example.com' })
    .thenEvents(user.events.UserInvited({ name: 'Ann', email: 'ann@example.com' })));

describe('a team', () => {
  test('is formed, each member once', () =>
    given(team)
      .when('formTeam', { name: 'East', memberIds: [ANN, BOB, ANN] })
      .thenEvents(formed(ANN, BOB)));
  test('is formed without members', () =>
    given(team).when('formTeam', { name: 'East' }).thenEvents(formed()));
  test('takes members in and out', () =>
    given(team, formed(ANN, BOB))
      .when('changeTeamMembers', { add: [CAROL, CAROL], remove: [BOB, BOB] })
      .thenEvents(changed([CAROL], [BOB])));
  test('who is named in both is added', async () => {
    await given(team, formed(ANN))
      .when('changeTeamMembers', { add: [BOB], remove: [BOB] })
      .thenEvents(changed([BOB], []));
    await given(team, formed(ANN))
      .when('changeTeamMembers', { add: [ANN], remove: [ANN] })
      .thenNothing();
  });
  test.each([{}, { add: [ANN] }, { remove: [CAROL] }, { add: [ANN], remove: [CAROL] }])(
    'says nothing when it is so already %j',
    input => given(team, formed(ANN, BOB)).when('changeTeamMembers', input).thenNothing(),
  );
  const many = Array.from({ length: 1_000 }, (_, n) => id(n + 0x1000));
  test('has at most 1,000 members', async () => {
    const full = given(team, formed(...many));
    await full.when('changeTeamMembers', { add: [ANN] }).thenRejected('TEAM_TOO_LARGE', 'add');
    await full
      .when('changeTeamMembers', { add: [ANN], remove: [many[0]] })
      .thenEvents(changed([ANN], [many[0]!]));
  });
  test('after its events has the members', () => {
    expect(given(team, formed(ANN)).state).toEqual({ memberIds: [ANN] });
    expect(given(team, formed(ANN), changed([BOB], [ANN])).state).toEqual({ memberIds: [BOB] });
  });
});
