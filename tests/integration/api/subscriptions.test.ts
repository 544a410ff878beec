/** Changes of records over WebSockets (graphql-transport-ws): each is told, with the record as it is then. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Live, ONE, openLive } from './live.ts';

let live: Live;
beforeAll(async () => {
  live = await openLive();
});
afterAll(() => live.close());
afterEach(() => live.reconnect());

const account = (name: string) => live.world.send('registerAccount', { name });
const opportunity = async (accountId: string) =>
  live.world.send('openOpportunity', { name: 'Deal', accountId, amount: { amount: '1', currency: 'EUR' } });
test('of one record', async () => {
  const { id: accountId } = await account('Acme');
  const [mine, other] = [await opportunity(accountId), await opportunity(accountId)];
  await live.world.shown();
  const changes = await live.subscribe(ONE, { id: mine.id.toUpperCase() });
  await live.world.send('winOpportunity', {}, { id: other.id });
  const { position } = await live.world.send('winOpportunity', {}, { id: mine.id });
  expect(await changes.next()).toEqual({
    data: {
      opportunityChanged: {
        id: mine.id,
        position: `${position}`,
        opportunity: { name: 'Deal', status: 'won', revision: 1 },
      },
    },
  });
});

test('of all of a kind, and of no other kind', async () => {
  const changes = await live.subscribe('subscription { accountChanged { id account { name } } }');
  const acme = await account('Acme');
  await opportunity(acme.id);
  const globex = await account('Globex');
  for (const [{ id }, name] of [
    [acme, 'Acme'],
    [globex, 'Globex'],
  ] as const)
    expect(await changes.next()).toEqual({ data: { accountChanged: { id, account: { name } } } });
});

test('each time read anew, with all that hangs on it', async () => {
  const { id: accountId } = await account('Acme');
  const { id } = await opportunity(accountId);
  await live.world.shown();
  const changes = await live.subscribe(
    `subscription Deep($id: ID) { opportunityChanged(id: $id) { opportunity {
      account { name opportunities(first: 5) { totalCount nodes { status } } } timeline(first: 1) { nodes { type } } } } }`,
    { id },
  );
  const told = async () => (await changes.next()).data.opportunityChanged.opportunity;
  await live.world.send('changeOpportunityCloseDate', { closeDate: '2017-05-01' }, { id });
  expect(await told()).toEqual({
    account: { name: 'Acme', opportunities: { totalCount: 1, nodes: [{ status: 'open' }] } },
    timeline: { nodes: [{ type: 'OpportunityCloseDateChanged' }] },
  });
  await live.world.send('changeAccountDetails', { name: 'Renamed' }, { id: accountId });
  await opportunity(accountId);
  await live.world.send('winOpportunity', {}, { id });
  expect(await told()).toEqual({
    account: {
      name: 'Renamed',
      opportunities: { totalCount: 2, nodes: [{ status: 'open' }, { status: 'won' }] },
    },
    timeline: { nodes: [{ type: 'OpportunityWon' }] },
  });
});

test('to each of several on one connection', async () => {
  const { id: accountId } = await account('Acme');
  const { id } = await opportunity(accountId);
  await live.world.shown();
  const streams = await Promise.all([live.subscribe(ONE, { id }), live.subscribe(ONE)]);
  await live.world.send('winOpportunity', {}, { id });
  for (const { next } of streams)
    expect((await next()).data.opportunityChanged.opportunity.status).toBe('won');
});

test('also when the connection to Postgres broke meanwhile', async () => {
  const { id: accountId } = await account('Acme');
  const deals = [await opportunity(accountId), await opportunity(accountId)];
  await live.world.shown();
  const changes = await live.subscribe(ONE);
  // What it asked last was how far the read models are, or what is parked in them.
  const cut = `select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'relata-queries' and query ~ 'FROM relata.(parked|builds)' and state = 'idle'`;
  expect((await live.world.postgres.pool.query(cut)).rows).toHaveLength(1);
  for (const { id } of deals) await live.world.send('winOpportunity', {}, { id });
  const told = [await changes.next(), await changes.next()].map(({ data }) => data.opportunityChanged);
  expect(told.map(({ id }) => id).sort()).toEqual(deals.map(({ id }) => id).sort());
  expect(told.map(({ opportunity }) => opportunity.status)).toEqual(['won', 'won']);
});
