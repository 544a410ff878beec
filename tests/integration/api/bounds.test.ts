/** What the arguments of a moment mean, to the millisecond and the position, and which are none. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AT, MOMENT } from './moments.ts';
import { type Story, tell } from './story.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let story: Story;
beforeAll(async () => {
  world = await openWorld();
  story = await tell(world);
});
afterAll(() => world.close());

const nameAt = async (args: object) =>
  (
    await world.data(`query At($id: ID!, ${MOMENT}) { account(id: $id, ${AT}) { name } }`, {
      id: story.accounts[4],
      ...args,
    })
  ).account?.name;
const changed = async () => {
  const log = await world.log();
  const event = log.find(
    ({ type, aggregateId }) => type === 'AccountDetailsChanged' && aggregateId === story.accounts[4],
  );
  if (!event) throw new Error('nothing has changed');
  return event;
};
const justBefore = (instant: string) => new Date(Date.parse(instant) - 1).toISOString();

test('are inclusive: at the very millisecond and position it is so, right before it is not', async () => {
  const { occurredAt, recordedAt, position } = await changed();
  expect(await nameAt({ asOf: occurredAt })).toBe('Zeta AG');
  expect(await nameAt({ asOf: justBefore(occurredAt) })).toBe('Zeta');
  expect(await nameAt({ knownAt: recordedAt })).toBe('Zeta AG');
  expect(await nameAt({ knownAt: justBefore(recordedAt) })).toBe('Zeta');
  expect(await nameAt({ knownAtPosition: `${position}` })).toBe('Zeta AG');
  expect(await nameAt({ knownAtPosition: `${position - 1n}` })).toBe('Zeta');
});

test('a day is its last moment in UTC; an instant may have any offset', async () => {
  const { occurredAt } = await changed();
  const day = occurredAt.slice(0, 10);
  expect(await nameAt({ asOf: day })).toBe('Zeta AG');
  expect(await nameAt({ asOf: `${day}T00:00:00Z` })).toBe('Zeta');
  expect(await nameAt({ asOf: `${day}T23:59:59.999+23:00` })).toBe('Zeta');
  expect(await nameAt({ asOf: `${day}T23:59:59-12:00` })).toBe('Zeta AG');
});

test('known before everything, nothing is there', async () => {
  const data = await world.data(`{
    accounts(knownAt: "2016-12-31") { totalCount nodes { id } }
    account(id: "${story.accounts[0]}", knownAt: "0001-01-01") { id }
    timeline(recordId: "${story.accounts[0]}", knownAt: "2016-12-31") { totalCount nodes { id } }
    opportunities(knownAtPosition: 0) { totalCount nodes { id } }
  }`);
  const nothing = { totalCount: 0, nodes: [] };
  expect(data).toEqual({ accounts: nothing, account: null, timeline: nothing, opportunities: nothing });
});

test('the position that an answer shows gives the same answer later', async () => {
  const query = (args: string) => `{ position opportunities(first: 500${args}) { nodes { id revision } } }`;
  const now = await world.data(query(''));
  expect(await world.data(query(`, knownAtPosition: "${now.position}"`))).toEqual(now);
});

test.each([
  ['asOf', '"yesterday"'],
  ['asOf', '"2017-02-29"'],
  ['asOf', '"2017-03-31T12:00:00"'],
  ['asOf', '"0000-01-01"'],
  ['asOf', '"9999-12-31T23:59:59-01:00"'],
  ['asOf', '20170331'],
  ['asOf', '{ day: 1 }'],
  ['knownAt', '"soon"'],
  ['knownAtPosition', '"-1"'],
  ['knownAtPosition', '"9223372036854775808"'],
  ['knownAtPosition', '1.5'],
  ['knownAt', '"2017-01-01", knownAtPosition: 1'],
  ['after', '"later"'],
])('%s: %s is refused', async (path, value) => {
  const id = story.accounts[0];
  for (const field of [
    `account(id: "${id}", ${path}: ${value}) { id }`,
    `pipelineBoard(${path}: ${value}) { columns { count } }`,
    `opportunitySummary(groupBy: OWNER, ${path}: ${value}) { count }`,
  ]) {
    const { errors } = await world.ask(`{ ${field} }`);
    expect(errors?.[0]?.extensions, field).toEqual({
      code: 'VALIDATION',
      fields: [{ path, message: expect.any(String) }],
    });
  }
});
