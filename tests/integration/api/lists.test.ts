/** Records and lists against a fold of the log in memory: every column, every order, pages of every size. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isOrderable } from '../../../src/projections/query/order.ts';
import { createOracle, fieldsOf, type Oracle, type Sort, selectionOf, sorted } from './oracle.ts';
import { type Story, tell } from './story.ts';
import { openWorld, type World } from './world.ts';

const RECORDS = {
  accounts: 'Account',
  activities: 'Activity',
  contacts: 'Contact',
  opportunities: 'Opportunity',
  pipelines: 'Pipeline',
  products: 'Product',
  teams: 'Team',
  users: 'User',
} as const;
const LISTS = Object.keys(RECORDS) as (keyof typeof RECORDS)[];

let world: World;
let story: Story;
let oracle: Oracle;
beforeAll(async () => {
  world = await openWorld();
  story = await tell(world);
  oracle = createOracle(world.models, await world.log());
});
afterAll(() => world.close());

type Page = {
  readonly first?: number;
  readonly last?: number;
  readonly after?: string;
  readonly before?: string;
};

const pageOf = async (list: keyof typeof RECORDS, orderBy: readonly Sort[] | undefined, page: Page) => {
  const data = await world.data(
    `query Page($orderBy: [${RECORDS[list]}Order!], $first: Int, $after: String, $last: Int, $before: String) {
      ${list}(orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
        totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }`,
    { orderBy, ...page },
  );
  return data[list];
};

const sorts = (list: keyof typeof RECORDS): fc.Arbitrary<Sort[]> => {
  const fields = Object.entries(fieldsOf(oracle.model(list))).flatMap(([field, column]) =>
    isOrderable(column) ? [field] : [],
  );
  const sort = fc.record({
    field: fc.constantFrom(...fields),
    direction: fc.constantFrom('ASC' as const, 'DESC' as const),
  });
  return fc.uniqueArray(sort, { selector: ({ field }) => field, minLength: 1, maxLength: 3 });
};

describe.each(LISTS)('%s', list => {
  test('every column of every record, in the list and one by one', async () => {
    const model = oracle.model(list);
    const expected = sorted(model, oracle.rows(list), [{ field: 'createdAt', direction: 'DESC' }]).map(
      ({ lines: _, ...row }) => row,
    );
    const selection = selectionOf(model);
    expect(expected.length).toBeGreaterThan(0);
    const { [list]: found } = await world.data(`{ ${list} { nodes { ${selection} } } }`);
    expect(found.nodes).toEqual(expected);
    const one = RECORDS[list].toLowerCase();
    for (const row of expected) {
      const query = `query One($id: ID!) { ${one}(id: $id) { ${selection} } }`;
      expect(await world.data(query, { id: row.id })).toEqual({ [one]: row });
    }
  });

  test('pages of any size in any order, forwards and backwards, put together are the whole list', async () => {
    const page = fc.record({ size: fc.integer({ min: 1, max: 9 }), walk: fc.constantFrom('first', 'last') });
    await fc.assert(
      fc.asyncProperty(sorts(list), page, async (orderBy, { size, walk }) => {
        const expected = sorted(oracle.model(list), oracle.rows(list), orderBy).map(({ id }) => id);
        const found: string[] = [];
        let at: Page = {};
        for (let more = true; more; ) {
          const { totalCount, edges, pageInfo } = await pageOf(list, orderBy, { [walk]: size, ...at });
          expect(totalCount).toBe(expected.length);
          const ids = edges.map(({ node }: { node: { id: string } }) => node.id);
          if (walk === 'first') found.push(...ids);
          else found.unshift(...ids);
          expect(ids.length).toBe(Math.min(size, expected.length - found.length + ids.length));
          expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([
            edges[0]?.cursor,
            edges.at(-1)?.cursor,
          ]);
          more = walk === 'first' ? pageInfo.hasNextPage : pageInfo.hasPreviousPage;
          at = walk === 'first' ? { after: pageInfo.endCursor } : { before: pageInfo.startCursor };
        }
        expect(found).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });
});

test('a record that is not there is null, and so is one of another kind', async () => {
  const query = 'query One($id: ID!) { account(id: $id) { id } }';
  expect(await world.data(query, { id: story.ann })).toEqual({ account: null });
  expect(await world.data(query, { id: '00000000-0000-7000-8000-00000000dead' })).toEqual({ account: null });
});

test('an id in capitals means the same', async () => {
  const id = story.accounts[0]?.toUpperCase();
  expect(await world.data('query One($id: ID!) { account(id: $id) { id } }', { id })).toEqual({
    account: { id: story.accounts[0] },
  });
});

test('a page of nothing still counts, and says whether there is more', async () => {
  const { totalCount, edges, pageInfo } = await pageOf('opportunities', undefined, { first: 0 });
  expect({ totalCount, edges, pageInfo }).toEqual({
    totalCount: 24,
    edges: [],
    pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: null },
  });
});

test('an order that ends in the id needs nothing after it', async () => {
  const orderBy: Sort[] = [
    { field: 'id', direction: 'DESC' },
    { field: 'name', direction: 'ASC' },
  ];
  const { edges } = await pageOf('accounts', orderBy, { first: 50 });
  const ids = edges.map(({ node }: { node: { id: string } }) => node.id);
  expect(ids).toEqual([...story.accounts].sort().reverse());
});

describe('what is no page is refused, with its path', () => {
  const refused = async (args: string, path: string) => {
    const { data, errors } = await world.ask(`{ accounts(${args}) { nodes { id } } }`);
    expect(data).toBeNull();
    expect(errors).toEqual([
      expect.objectContaining({
        path: ['accounts'],
        extensions: { code: 'VALIDATION', fields: [{ path, message: expect.any(String) }] },
      }),
    ]);
  };

  test.each([
    ['first: 501', 'first'],
    ['first: -1', 'first'],
    ['last: 501', 'last'],
    ['first: 1, last: 1', 'last'],
    ['first: 1, before: "x"', 'before'],
    ['last: 1, after: "x"', 'after'],
    ['after: "x", before: "x"', 'before'],
    ['after: "x"', 'after'],
    ['after: ""', 'after'],
    ['before: "W10"', 'before'],
    ['orderBy: [{ field: name }, { field: name, direction: DESC }]', 'orderBy'],
    [
      'orderBy: [{ field: name }, { field: domain }, { field: taxId }, { field: phone }, { field: employees }, { field: id }]',
      'orderBy',
    ],
  ])('%s', refused);

  test('a cursor of another order, another direction, or with values that the order does not have', async () => {
    const by = (field: string, direction: 'ASC' | 'DESC'): Sort[] => [{ field, direction }];
    const { pageInfo } = await pageOf('accounts', by('name', 'ASC'), { first: 1 });
    const cursor: string = pageInfo.endCursor;
    await refused(`orderBy: [{ field: name, direction: DESC }], after: "${cursor}"`, 'after');
    await refused(`orderBy: [{ field: domain }], after: "${cursor}"`, 'after');
    await refused(`after: "${cursor}"`, 'after');
    const [signature, , id] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const forged = (...values: unknown[]) =>
      Buffer.from(JSON.stringify([signature, ...values])).toString('base64url');
    for (const values of [[null, id], [7, id], ['a'], ['a', 'no id'], ['a\u0000', id], ['a', id, id]])
      await refused(`orderBy: [{ field: name }], after: "${forged(...values)}"`, 'after');
    expect(
      (
        await world.ask(
          `{ accounts(orderBy: [{ field: name }], after: "${forged('a', id)}") { nodes { id } } }`,
        )
      ).errors,
    ).toBeUndefined();
  });
});
