/** Timelines of any record, its family's events among them, at any moment, against a fold. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AT, holdsAtAnyMoment, MOMENT, moments } from './moments.ts';
import { createOracle, type Oracle, type Shown, selectionOf, sorted, type When } from './oracle.ts';
import { type Story, tell } from './story.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let story: Story;
let oracle: Oracle;
beforeAll(async () => {
  world = await openWorld();
  story = await tell(world);
  oracle = createOracle(world.models, await world.log());
});
afterAll(() => world.close());

const ids = (rows: readonly Shown[]) => ({ totalCount: rows.length, nodes: rows.map(({ id }) => ({ id })) });
const has = (value: unknown, id: string) => (value as readonly string[]).includes(id);

/** Ids of the records whose events belong to a record's timeline. */
const familyOf = (id: string, when: When): ReadonlySet<string> => {
  const rows = (name: string) => oracle.rows(name, when);
  const family = new Set([id]);
  const isAccount = story.accounts.includes(id);
  if (isAccount) {
    for (const row of rows('opportunities')) if (row.accountId === id) family.add(row.id);
    for (const row of rows('contacts'))
      if (has(row.accountIds, id) || row.primaryAccountId === id) family.add(row.id);
  }
  const holders = [...family];
  for (const row of rows('activities'))
    if (
      (isAccount && row.accountId === id) ||
      holders.some(holder => row.opportunityId === holder || has(row.contactIds, holder))
    )
      family.add(row.id);
  return family;
};
const entries = (id: string, when: When) => {
  const family = familyOf(id, when);
  const mine = oracle.rows('timeline', when).filter(({ recordId }) => family.has(recordId as string));
  return sorted(oracle.model('timeline'), mine, [
    { field: 'occurredAt', direction: 'DESC' },
    { field: 'position', direction: 'DESC' },
  ]);
};

test('every column of every entry, of any record', async () => {
  const selection = selectionOf(oracle.model('timeline'));
  const query = `query At($id: ID!, ${MOMENT}) { timeline(recordId: $id, first: 500, ${AT}) { totalCount nodes { ${selection} } } }`;
  const records = fc.constantFrom(
    ...[story.accounts, story.contacts, story.opportunities, story.activities, story.products].flat(),
    story.ann,
    story.sales,
    '00000000-0000-7000-8000-00000000dead',
  );
  await fc.assert(
    fc.asyncProperty(records, moments(oracle), async (id, { args, when }) => {
      const expected = entries(id, when);
      expect((await world.data(query, { id, ...args })).timeline).toEqual({
        totalCount: expected.length,
        nodes: expected,
      });
    }),
    { numRuns: 60 },
  );
});

test('the same below a record, page by page', async () => {
  const query = `query At($after: String, ${MOMENT}) { accounts(first: 20, orderBy: [{ field: id }], ${AT}) {
    nodes { id timeline(first: 4, after: $after) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } } } }`;
  await holdsAtAnyMoment(
    oracle,
    async ({ args, when }) => {
      const { accounts } = await world.data(query, args);
      for (const { id, timeline } of accounts.nodes) {
        const expected = entries(id, when).map(entry => ({ id: entry.id }));
        expect(timeline.nodes).toEqual(expected.slice(0, 4));
        expect(timeline.totalCount).toBe(expected.length);
        expect(timeline.pageInfo.hasNextPage).toBe(expected.length > 4);
        if (!timeline.pageInfo.hasNextPage) continue;
        const next = await world.data(query, { ...args, after: timeline.pageInfo.endCursor });
        const mine = next.accounts.nodes.find((account: { id: string }) => account.id === id);
        expect(mine.timeline.nodes).toEqual(expected.slice(4, 8));
      }
    },
    15,
  );
});

test('filtered by what happened and to what', async () => {
  const id = story.accounts[1] ?? '';
  const query = `query Some($id: ID!, $filter: TimelineEntryFilter) { timeline(recordId: $id, filter: $filter) { totalCount nodes { id } } }`;
  const won = entries(id, {}).filter(({ type }) => type === 'OpportunityWon');
  expect(won.length).toBeGreaterThan(0);
  expect((await world.data(query, { id, filter: { type: { eq: 'OpportunityWon' } } })).timeline).toEqual(
    ids(won),
  );
  const calls = entries(id, {}).filter(({ recordType }) => recordType === 'activity');
  expect((await world.data(query, { id, filter: { recordType: { in: ['activity'] } } })).timeline).toEqual(
    ids(calls),
  );
});
