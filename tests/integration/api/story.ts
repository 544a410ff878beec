/**
 * A small company, told by commands: ties, missing values, several currencies, capitals and wildcards, things that
 * changed, came in late, were closed, opened again and archived. In October 2017 all is told.
 */
import type { CommandRequest } from '../../../src/commands/wish.ts';
import { type Cast, closeDeals, keepDiary, openDeals } from './storyDeals.ts';
import type { World } from './world.ts';

export type Story = Awaited<ReturnType<typeof tell>>;
/** Answers with the record's id. */
export type Send = (name: string, input: object, more?: Partial<CommandRequest>) => Promise<string>;

const eur = (amount: string) => ({ amount, currency: 'EUR' });
const usd = (amount: string) => ({ amount, currency: 'USD' });

export async function tell(world: World) {
  const send: Send = async (name, input, more = {}) => (await world.send(name, input, more)).id;

  world.setClock('2017-01-10T08:00:00.000Z');
  const house = await begin(send);
  const { ann, bob, cem, sales, partners, products } = house;
  const accounts = await registerAccounts(send, [ann, bob, cem]);
  world.setClock('2017-02-01T08:00:00.000Z');
  await growTree(send, accounts);
  const contacts = await meet(send, accounts);

  world.setClock('2017-03-01T08:00:00.000Z');
  const cast: Cast = { owners: [ann, bob, cem], partners, products, accounts, contacts };
  const opportunities = await openDeals(send, cast);
  const deal = (n: number) => ({ id: opportunities[n] ?? '' });
  const stages = await stagesOf(world, sales);

  world.setClock('2017-04-01T08:00:00.000Z');
  const [, engaging, onHold] = stages;
  for (const n of [0, 1, 2, 6, 8, 9]) await send('moveOpportunityToStage', { stageId: engaging }, deal(n));
  for (const n of [3, 10]) await send('moveOpportunityToStage', { stageId: onHold }, deal(n));
  await send('changeOpportunityAmount', { amount: eur('777.77') }, deal(0));
  await send('changeOpportunityAmount', { amount: null }, deal(6));
  await send('changeOpportunityDetails', { name: 'Fleet renamed', source: 'Web' }, deal(2));
  await send('changeAccountDetails', { name: 'Zeta AG', industry: 'retail' }, { id: accounts[4] });

  world.setClock('2017-05-01T08:00:00.000Z');
  await closeDeals(send, deal);
  const activities = await keepDiary(send, cast, opportunities);

  world.setClock('2017-07-01T08:00:00.000Z');
  await send('completeActivity', { outcome: 'reached', minutes: 7 }, { id: activities[0] });
  await send('reopenOpportunity', { reason: 'mistake' }, deal(2));
  await send('archiveOpportunity', {}, deal(9));
  await send('archiveContact', {}, { id: contacts[1] });
  await send('endContactAffiliation', { accountId: accounts[1] }, { id: contacts[0] });
  await send('clearAccountParent', { accountId: accounts[2] });
  await send('retireProduct', {}, { id: products[2] });
  await send('changeOpportunityOwner', { ownerId: cem }, deal(12));
  await send('changeOpportunityDetails', { accountId: accounts[1] }, deal(13));
  await retireOnHold(send, sales);
  world.setClock('2017-10-01T08:00:00.000Z');
  await send('tagAccount', { tags: ['last'] }, { id: accounts[0] });
  await world.shown();
  return { ...house, accounts, contacts, opportunities, activities };
}

const WON = { name: 'Won', category: 'won' };
const LOST = { name: 'Lost', category: 'lost' };

async function begin(send: Send) {
  const ann = await send('inviteUser', { name: 'Ann Ahlers', email: 'ann@example.com', jobTitle: 'Sales' });
  const bob = await send('inviteUser', { name: 'bob Baker', email: 'bob@example.com' });
  const cem = await send('inviteUser', { name: 'Cem Çelik', jobTitle: 'Sales' });
  await send('formTeam', { name: 'North', leadId: ann, memberIds: [bob, cem], region: 'DE' });
  const sales = await send('definePipeline', {
    name: 'Sales',
    stages: [
      { name: 'Prospecting', probability: 10 },
      { name: 'Engaging', probability: 60 },
      { name: 'On hold', probability: 5, maxDays: 30 },
      WON,
      LOST,
    ],
  });
  const partners = await send('definePipeline', { name: 'Partners', stages: [{ name: 'Talks' }, WON, LOST] });
  await send('chooseDefaultPipeline', { pipelineId: sales });
  const products = [
    await send('introduceProduct', { name: 'Rover', sku: 'R-1', family: 'X', listPrice: eur('100') }),
    await send('introduceProduct', { name: 'rover mini', sku: 'R-2', family: 'X', recurring: true }),
    await send('introduceProduct', { name: '100% Boost_er', recurring: false, listPrice: usd('9.99') }),
  ] as const;
  return { ann, bob, cem, sales, partners, products };
}

const NAMES = 'Müller & Söhne|MÜLLERS Mühle|acme|Acme|Zeta|under_score|100% Pure|back\\slash'.split('|');

async function registerAccounts(send: Send, owners: readonly string[]): Promise<readonly string[]> {
  const accounts: string[] = [];
  for (const [i, name] of NAMES.entries())
    accounts.push(
      await send('registerAccount', {
        name,
        ...(i % 3 !== 0 && { industry: i % 2 ? 'retail' : 'software', employees: 50 * (i % 4) }),
        ...(i % 4 !== 1 && { annualRevenue: i % 2 ? usd(`${i}000.5`) : eur(`${i * 500}`) }),
        ...(i % 2 === 0 && { ownerId: owners[i % 3], tags: i % 4 ? ['key', 'north'] : ['north'] }),
        ...(i === 2 && { addresses: [{ city: 'Bremen', country: 'Germany' }], foundedYear: 1999 }),
      }),
    );
  return accounts;
}

async function growTree(send: Send, [root, left, right, leaf]: readonly string[]): Promise<void> {
  await send('setAccountParent', { accountId: left, parentId: root });
  await send('setAccountParent', { accountId: right, parentId: root });
  await send('setAccountParent', { accountId: leaf, parentId: right });
}

async function meet(send: Send, [first, second, third]: readonly string[]): Promise<readonly string[]> {
  const contacts: string[] = [];
  for (const [i, name] of ['Dora Dahl', 'dora dahl', 'Emil Egger', 'Fee Fox', 'Gus Gray'].entries())
    contacts.push(
      await send('createContact', {
        name,
        ...(i !== 2 && { emails: [`c${i}@example.com`, ...(i === 0 ? ['dora@example.com'] : [])] }),
        ...(i % 2 === 0 && { phones: [`+49301234${i}${i}`], title: 'Buyer' }),
      }),
    );
  const [dora, twin, emil, fee] = contacts.map(id => ({ id }));
  await send('affiliateContact', { accountId: first, role: 'Buyer' }, dora);
  await send('affiliateContact', { accountId: second }, dora);
  await send('affiliateContact', { accountId: first }, twin);
  await send('affiliateContact', { accountId: third }, emil);
  await send('affiliateContact', { accountId: third }, fee);
  return contacts;
}

const stagesOf = async (world: World, pipelineId: string): Promise<readonly string[]> =>
  (await world.log())
    .filter(({ type, aggregateId }) => type === 'PipelineDefined' && aggregateId === pipelineId)
    .flatMap(({ data }) => (data.stages as readonly { stageId: string }[]).map(({ stageId }) => stageId));

/** "On hold" takes no more opportunities, and holds two. */
const retireOnHold = (send: Send, id: string) =>
  send(
    'changePipelineStages',
    { stages: [{ name: 'Engaging', probability: 65 }, { name: 'Prospecting', probability: 10 }, WON, LOST] },
    { id },
  );
