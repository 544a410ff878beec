/** Whoever reads what an event could not be applied to is told: the record itself isn't shown, the rest is, and says so. */
import { jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectEventStore } from '../../../src/eventstore/client.ts';
import { type Live, openLive } from './live.ts';

let live: Live;
const world = () => live.world;
let account: { id: string; position: bigint };
let opportunity: { id: string };
/** Of the event that nobody knows. */
let unknown: bigint;

beforeAll(async () => {
  live = await openLive();
  account = await world().send('registerAccount', { name: 'Nordwind' });
  await world().send('registerAccount', { name: 'Südwind' });
  opportunity = await world().send('openOpportunity', { name: 'Trucks', accountId: account.id });
  await world().shown();
  expect(await world().data('{ accounts { totalCount } }')).toEqual({ accounts: { totalCount: 2 } });
  const client = connectEventStore(world().store.connectionString);
  const { position } = await client.appendToStream(
    `account-default.${account.id}`,
    jsonEvent({ type: 'AccountDreamt', data: {}, metadata: {} }),
  );
  await client.dispose();
  unknown = position?.commit ?? -1n;
  expect(await world().visibility.waitFor(unknown, 20_000)).toBe('visible');
});
afterAll(() => live.close());

const about = (model: string, ids: readonly string[]) => ({
  code: 'PARKED',
  details: expect.objectContaining({ model, ids, position: String(unknown) }),
});

test('a record that is asked for by its id is refused', async () => {
  const { data, errors } = await world().ask('query A($id: ID!) { account(id: $id) { name } position }', {
    id: account.id,
  });
  expect(data).toEqual({ account: null, position: expect.any(String) });
  expect(errors).toEqual([
    expect.objectContaining({ path: ['account'], extensions: about('accounts', [account.id]) }),
  ]);
});

test('as it was known before it is shown', async () => {
  const query = 'query A($id: ID!, $at: Position) { account(id: $id, knownAtPosition: $at) { name } }';
  const at = String(unknown - 1n);
  expect(await world().data(query, { id: account.id, at })).toEqual({ account: { name: 'Nordwind' } });
});

test.each([
  ['{ accounts(orderBy: [{ field: name }]) { totalCount nodes { name } } }'],
  ['{ accounts(filter: { name: { eq: "Südwind" } }) { nodes { name } } }'],
])('a list of its kind is shown, and says that it may be wrong: %s', async query => {
  const { data, errors } = await world().ask(query);
  expect(data.accounts.nodes).toContainEqual({ name: 'Südwind' });
  expect(errors).toEqual([expect.objectContaining({ extensions: about('accounts', [account.id]) })]);
  expect(errors?.[0]).not.toHaveProperty('path');
});

test('so does what it is shown with, and each time a document is sent', async () => {
  for (let time = 0; time < 3; time++) {
    const { data, errors } = await world().ask('{ opportunities { nodes { name account { name } } } }');
    expect(data.opportunities.nodes).toEqual([{ name: 'Trucks', account: { name: 'Nordwind' } }]);
    expect(errors?.map(each => each.extensions)).toEqual([about('accounts', [account.id])]);
  }
});

test('what has nothing to do with it is as ever', async () => {
  expect(
    await world().data('{ opportunities { nodes { name } } pipelineBoard { columns { count } } }'),
  ).toBeTruthy();
  const query = 'query O($id: ID!) { opportunity(id: $id) { name accountId } }';
  expect(await world().data(query, { id: opportunity.id })).toMatchObject({
    opportunity: { name: 'Trucks' },
  });
  const { data, errors } = await world().ask(
    '{ opportunities { nodes { owner { name } } } users { totalCount } }',
  );
  expect([data.users.totalCount, errors]).toEqual([0, undefined]);
});

test('a timeline that lacks the event says so', async () => {
  const { data, errors } = await world().ask(`{ timeline(recordId: "${account.id}") { nodes { type } } }`);
  expect(data.timeline.nodes.map((node: { type: string }) => node.type)).toContain('AccountRegistered');
  expect(errors?.map(each => each.extensions.code)).toEqual(['PARKED']);
});

test('no command is carried out on its stream', async () => {
  const { errors } = await world().ask(
    `mutation { archiveAccount(input: { id: "${account.id}" }) { revision } }`,
  );
  expect(errors?.[0]?.extensions.code).toBe('STREAM_UNREADABLE');
});

test('administrators see what is parked, and why', async () => {
  const { parked } = await world().data(
    '{ parked { model recordId stream revision type position code reason behind attempts parkedAt } }',
  );
  expect(parked).toContainEqual({
    model: 'accounts',
    recordId: account.id,
    stream: `account-default.${account.id}`,
    revision: 1,
    type: 'AccountDreamt',
    position: String(unknown),
    code: 'UNDECODABLE',
    reason: 'unknown event type for a stream of account',
    behind: 0,
    attempts: 0,
    parkedAt: expect.any(String),
  });
});

describe('who follows a record', () => {
  test('is told that it won’t go on', async () => {
    const { id } = await world().send('registerAccount', { name: 'Followed' });
    await world().shown();
    const heard = await live.subscribe(
      `subscription { accountChanged(id: "${id}") { id account { name } } }`,
    );
    const client = connectEventStore(world().store.connectionString);
    await client.appendToStream(`account-default.${id}`, jsonEvent({ type: 'AccountDreamt', data: {} }));
    await client.dispose();
    const { data, errors } = await heard.next();
    expect(data).toEqual({ accountChanged: { id, account: null } });
    expect(errors?.map(each => [each.path, each.extensions.code])).toEqual([
      [['accountChanged', 'account'], 'PARKED'],
    ]);
    heard.end();
  });
});
