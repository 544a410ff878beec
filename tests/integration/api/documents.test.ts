/** A document means the same however it is written, and however often it has been run: the third time it is compiled. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Story, tell } from './story.ts';
import { type Answer, openWorld, type World } from './world.ts';

let world: World;
let story: Story;
beforeAll(async () => {
  world = await openWorld();
  story = await tell(world);
});
afterAll(() => world.close());

/** The answer that it gives each of three times. */
async function always(query: string, variables: object = {}): Promise<Answer> {
  const first = await world.ask(query, variables);
  for (const _ of [2, 3]) {
    const again = await world.ask(query, variables);
    expect(again, 'the same document gives another answer').toEqual(first);
  }
  return first;
}

describe('fragments', () => {
  const [first, second] = ['a', 'b'];

  test('one fragment at two places, of which one asks for more', async () => {
    const query = (one: string, other: string) => `query Two($a: ID!, $b: ID!) {
      ${one}: account(id: $${one}) { ...Deals }
      ${other}: account(id: $${other}) {
        ...Deals
        opportunities(first: 2) { nodes { amount { amount } stage { name } } }
        timeline(first: 1) { nodes { data } }
        subsidiaries { name }
        parent { name }
      }
    }
    fragment Deals on Account {
      opportunities(first: 2) { nodes { name } } timeline(first: 1) { nodes { type } } subsidiaries { id } parent { id } }`;
    const plain = (field: string, more: string) =>
      `query One($id: ID!) { ${field}: account(id: $id) {
        opportunities(first: 2) { nodes { name ${more && 'amount { amount } stage { name }'} } }
        timeline(first: 1) { nodes { type ${more && 'data'} } }
        subsidiaries { id ${more && 'name'} } parent { id ${more && 'name'} } } }`;
    const [a, b] = [story.accounts[0], story.accounts[1]];
    for (const [less, more] of [
      [first, second],
      [second, first],
    ]) {
      const { data, errors } = await always(query(less ?? '', more ?? ''), { a, b });
      expect(errors).toBeUndefined();
      const id = (name: string | undefined) => ({ id: name === 'a' ? a : b });
      expect(data).toEqual({
        ...(await world.data(plain(less ?? '', ''), id(less))),
        ...(await world.data(plain(more ?? '', 'more'), id(more))),
      });
    }
  });

  test('one fragment on lists of two moments', async () => {
    const query = `{ now: accounts(first: 3, orderBy: [{ field: id }]) { ...Page }
      past: accounts(first: 3, orderBy: [{ field: id }], asOf: "2017-03-15") { ...Page } }
      fragment Page on AccountConnection { nodes { id opportunities { totalCount nodes { revision } } } }`;
    const { data } = await always(query);
    const page = (at: string) => `{ accounts(first: 3, orderBy: [{ field: id }]${at}) {
      nodes { id opportunities { totalCount nodes { revision } } } } }`;
    expect(data).toEqual({
      now: (await world.data(page(''))).accounts,
      past: (await world.data(page(', asOf: "2017-03-15"'))).accounts,
    });
    expect(data.now).not.toEqual(data.past);
  });

  test('fields said twice are put together; nodes and edges may both be asked for', async () => {
    const { data } = await always(`{ accounts(first: 2) { nodes { id } edges { node { name owner { id } } } }
      ... on Query { accounts(first: 2) { nodes { revision } edges { node { owner { name } } cursor } } } }`);
    const { accounts } = await world.data(
      '{ accounts(first: 2) { edges { cursor node { id name revision owner { id name } } } } }',
    );
    type Edge = { cursor: string; node: { id: string; name: string; revision: number; owner: unknown } };
    expect(data.accounts).toEqual({
      nodes: accounts.edges.map(({ node: { id, revision } }: Edge) => ({ id, revision })),
      edges: accounts.edges.map(({ cursor, node: { name, owner } }: Edge) => ({
        cursor,
        node: { name, owner },
      })),
    });
  });

  test('__typename, skip and include', async () => {
    const query = `query Some($yes: Boolean!, $no: Boolean!) { __typename opportunities(first: 1) { __typename nodes {
      __typename id @skip(if: $yes) name @include(if: $yes) account @include(if: $no) { name } owner @skip(if: $no) { __typename } } } }`;
    const { data } = await always(query, { yes: true, no: false });
    expect(Object.keys(data.opportunities.nodes[0]).sort()).toEqual(['__typename', 'name', 'owner']);
    expect(data.__typename).toBe('Query');
    expect(
      Object.keys((await always(query, { yes: false, no: true })).data.opportunities.nodes[0]).sort(),
    ).toEqual(['__typename', 'account', 'id']);
  });
});

describe('variables', () => {
  test('a filter of filters', async () => {
    const filter = { or: [{ not: { status: { eq: 'open' } } }, { and: [{ name: { contains: 'fleet' } }] }] };
    const query = `query Q($filter: OpportunityFilter) { opportunities(filter: $filter) { totalCount } }`;
    const { data } = await always(query, { filter });
    const literal = `{ opportunities(filter: { or: [{ not: { status: { eq: open } } }, { and: [{ name: { contains: "fleet" } }] }] }) { totalCount } }`;
    expect(data).toEqual((await always(literal)).data);
  });

  test('one that is not given counts for nothing, where it is an argument and inside a literal', async () => {
    const query = `query Q($status: OpportunityStatus, $first: Int, $owner: ID) {
      opportunities(first: $first, filter: { status: { eq: $status }, and: [{ ownerId: { eq: $owner } }] }) { totalCount } }`;
    const all = (await world.data('{ opportunities { totalCount } }')).opportunities.totalCount;
    expect((await always(query)).data.opportunities.totalCount).toBe(all);
    expect((await always(query, { status: 'lost' })).data.opportunities.totalCount).toBe(2);
    expect((await always(query)).data.opportunities.totalCount).toBe(all);
    const { errors } = await always(query, { status: null });
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'VALIDATION',
      fields: [{ path: 'filter.status.eq' }],
    });
  });

  test('one with a default', async () => {
    const query = `query Q($first: Int = 2, $by: [AccountOrder!] = [{ field: name, direction: DESC }]) {
      accounts(first: $first, orderBy: $by) { nodes { name } } }`;
    const expected = await world.data(
      '{ accounts(first: 2, orderBy: [{ field: name, direction: DESC }]) { nodes { name } } }',
    );
    expect((await always(query)).data).toEqual(expected);
    expect((await always(query, { first: 1 })).data.accounts.nodes).toEqual(
      expected.accounts.nodes.slice(0, 1),
    );
  });

  test.each([
    ['query V($v: Int) { accounts(first: $v) { totalCount } }', 'many', 'v'],
    ['query V($v: Int) { accounts(first: $v) { totalCount } }', 2 ** 31, 'v'],
    ['query V($v: ID!) { account(id: $v) { id } }', null, 'v'],
    ['query V($v: ID!) { account(id: $v) { id } }', undefined, 'v'],
    ['query V($v: AccountFilter) { accounts(filter: $v) { totalCount } }', { name: { is: 'x' } }, 'v.name'],
    [
      'query V($v: AccountFilter) { accounts(filter: $v) { totalCount } }',
      { lifecycle: { eq: 'dead' } },
      'v.lifecycle.eq',
    ],
    [
      'query V($v: [AccountOrder!]) { accounts(orderBy: $v) { totalCount } }',
      [{ field: 'name' }, null],
      'v.1',
    ],
    ['query V($v: [AccountOrder!]) { accounts(orderBy: $v) { totalCount } }', { field: 'nom' }, 'v.field'],
    [
      'mutation V($v: RegisterAccountInput!) { registerAccount(input: $v) { id } }',
      { employees: 1.5, name: 'x' },
      'v.employees',
    ],
    ['mutation V($v: RegisterAccountInput!) { registerAccount(input: $v) { id } }', { employees: 1 }, 'v'],
  ])('%s with %j is refused with its path', async (query, v, path) => {
    const { data, errors } = await always(query, { v });
    expect(data).toBeNull();
    expect(errors?.[0]).toMatchObject({ extensions: { code: 'VALIDATION', fields: [{ path }] } });
  });
});

test('a document of several operations runs the one that is named, each time', async () => {
  const query = `query Accounts($n: Int) { accounts(first: $n) { nodes { __typename } } }
    query Users($n: Int) { users(first: $n) { nodes { __typename } } }`;
  const run = async (operationName: string | undefined) => {
    const payload = { query, operationName, variables: { n: 1 } };
    return (await world.app.inject({ method: 'POST', url: '/graphql', payload })).json();
  };
  for (const _ of [1, 2, 3]) {
    expect(await run('Accounts')).toEqual({ data: { accounts: { nodes: [{ __typename: 'Account' }] } } });
    expect(await run('Users')).toEqual({ data: { users: { nodes: [{ __typename: 'User' }] } } });
    for (const name of ['Nobody', undefined])
      expect((await run(name)).errors[0].extensions.code).toBe('VALIDATION');
  }
});

test('mutations of one document run one after the other, each with its own answer', async () => {
  const mutation = `mutation M($id: ID!) {
    a: tagAccount(input: { id: $id, tags: ["m1"] }) { revision account { revision tags } }
    b: tagAccount(input: { id: $id, tags: ["m2"] }) { revision account { revision tags opportunities { totalCount } } }
    c: untagAccount(input: { id: $id, tags: ["m1", "m2"] }) { revision account { revision tags } }
  }`;
  const id = story.accounts[6];
  let revision = (await world.data('query R($id: ID!) { account(id: $id) { revision } }', { id })).account
    .revision;
  for (const _ of [1, 2, 3]) {
    const data = await world.data(mutation, { id });
    expect(data).toMatchObject({
      a: { revision: revision + 1, account: { revision: revision + 1 } },
      b: { revision: revision + 2, account: { revision: revision + 2 } },
      c: { revision: revision + 4, account: { revision: revision + 4 } },
    });
    expect(data.a.account.tags).toContain('m1');
    expect(data.b.account.tags).toEqual([...data.a.account.tags, 'm2']);
    expect(data.c.account.tags).not.toContain('m2');
    revision += 4;
  }
});
