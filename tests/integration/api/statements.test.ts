/** No list asks Postgres more often for more rows, and all that one answer shows is of one moment. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Story, tell } from './story.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let story: Story;
beforeAll(async () => {
  world = await openWorld();
  story = await tell(world);
});
afterAll(() => world.close());

const statementsOf = async (query: string, variables: object) => {
  const before = world.statements.length;
  const data = await world.data(query, variables);
  return { count: world.statements.length - before, data };
};

describe('as many statements for one row as for many', () => {
  test.each([
    ['a page', 1, 'opportunities(first: $n) { nodes { id name } }'],
    [
      'a page with the records that it points to',
      1,
      'opportunities(first: $n) { nodes { account { name owner { name } } owner { name } stage { pipeline { name } } primaryContact { name } } }',
    ],
    ['a page, counted', 2, 'opportunities(first: $n) { totalCount nodes { account { name } } }'],
    [
      'lists of records',
      4,
      'opportunities(first: $n) { nodes { products { name } account { name } } } teams(first: $n) { nodes { members { name } } }',
    ],
    [
      'lists below records',
      4,
      'accounts(first: $n) { nodes { opportunities(first: 2) { nodes { owner { name } } } contacts { nodes { name } } activities { nodes { subject } } } }',
    ],
    [
      'lists below records, counted',
      3,
      'accounts(first: $n) { nodes { opportunities { totalCount nodes { id } } } }',
    ],
    [
      'lists below lists',
      3,
      'accounts(first: $n) { nodes { opportunities(first: 9) { nodes { activities(first: 9) { nodes { subject account { name } } } } } } }',
    ],
    [
      'lists of records below lists',
      3,
      'accounts(first: $n) { nodes { opportunities { nodes { products { name } } } } }',
    ],
    ['the tree of accounts', 3, 'accounts(first: $n) { nodes { parent { name } subsidiaries { name } } }'],
    ['timelines', 2, 'accounts(first: $n) { nodes { timeline(first: 3) { nodes { type } } } }'],
    ['lines with their products', 2, 'opportunities(first: $n) { nodes { lines { product { name } } } }'],
    ['stages of pipelines', 2, 'opportunities(first: $n) { nodes { pipeline { stages { name } } } }'],
    [
      'at another moment',
      3,
      'opportunities(first: $n, asOf: "2017-09-01") { nodes { account { name opportunities { nodes { id } } } products { name } } }',
    ],
    [
      'all of it',
      10,
      `accounts(first: $n) { nodes { parent { name } subsidiaries { name }
        opportunities(first: 9) { totalCount nodes { products { name } lines { product { name } } } }
        contacts(first: 9) { nodes { activities(first: 9) { nodes { subject } } } } timeline { nodes { type } } } }`,
    ],
  ])('%s: %d', async (_, expected, fields) => {
    const query = `query Q($n: Int) { ${fields} }`;
    const counts: number[] = [];
    for (const n of [1, 3, 24, 24, 24]) counts.push((await statementsOf(query, { n })).count);
    // A list of nothing needs no statement for what hangs on it: at most so many.
    expect(Math.max(...counts)).toBeLessThanOrEqual(expected);
    expect(counts.slice(2)).toEqual([expected, expected, expected]);
  });

  test('a board and a summary', async () => {
    expect(
      (await statementsOf('{ pipelineBoard { pipeline { name } columns { count stage { name } } } }', {}))
        .count,
    ).toBe(3);
    expect((await statementsOf('{ opportunitySummary(groupBy: ACCOUNT) { label count } }', {})).count).toBe(
      2,
    );
  });

  test('the answer of a command', async () => {
    const mutation = `mutation M($id: ID!) { a: tagAccount(input: { id: $id, tags: ["x"] }) {
      account { name owner { name } opportunities(first: 50) { nodes { owner { name } } } } } }`;
    expect((await statementsOf(mutation, { id: story.accounts[0] })).count).toBe(2);
    const short =
      'mutation M($id: ID!) { tagAccount(input: { id: $id, tags: ["x"] }) { revision position } }';
    expect((await statementsOf(short, { id: story.accounts[0] })).count).toBe(0);
  });
});

test('what is asked for together is of one moment, however much is written meanwhile', async () => {
  const query = `{
    position
    opportunities(first: 1) { totalCount }
    pipelineBoard { columns { count } }
    opportunitySummary(groupBy: STAGE, filter: { pipelineId: { eq: "${story.sales}" } }) { count }
    mine: opportunities(first: 0, filter: { pipelineId: { eq: "${story.sales}" } }) { totalCount }
    accounts(filter: { id: { eq: "${story.accounts[7]}" } }) { nodes { opportunities { totalCount } timeline(first: 1) { totalCount } } }
  }`;
  let writing = true;
  const writer = (async () => {
    for (let n = 0; writing; n++)
      await world.send('openOpportunity', { name: `New ${n}`, accountId: story.accounts[7] });
  })();
  const seen = new Set<number>();
  const sum = (groups: readonly { count: number }[]) => groups.reduce((total, { count }) => total + count, 0);
  const opened = async (position: string) => {
    const { opportunities } = await world.data(
      'query Then($p: Position) { opportunities(first: 0, knownAtPosition: $p) { totalCount } }',
      { p: position },
    );
    return opportunities.totalCount;
  };
  while (seen.size < 25) {
    const { position, opportunities, pipelineBoard, opportunitySummary, mine, accounts } =
      await world.data(query);
    const { totalCount } = opportunities;
    seen.add(totalCount);
    expect(sum(pipelineBoard.columns)).toBe(mine.totalCount);
    expect(sum(opportunitySummary)).toBe(mine.totalCount);
    expect(await opened(position)).toBe(totalCount);
    const [account] = accounts.nodes;
    // Each of its opportunities has one event; the account has its own first one.
    expect(account.timeline.totalCount).toBe(account.opportunities.totalCount + 1);
  }
  writing = false;
  await writer;
});
