/** The opportunities of the story, how they went, and what was noted about them. */
import type { Send } from './story.ts';

const eur = (amount: string) => ({ amount, currency: 'EUR' });
const usd = (amount: string) => ({ amount, currency: 'USD' });
const yen = (amount: string) => ({ amount, currency: 'JPY' });

export type Cast = {
  readonly owners: readonly string[];
  readonly partners: string;
  readonly products: readonly [string, string, string];
  readonly accounts: readonly string[];
  readonly contacts: readonly string[];
};

export async function openDeals(send: Send, cast: Cast): Promise<readonly string[]> {
  const deals: string[] = [];
  for (let i = 0; i < 24; i++) {
    // Some came in weeks after they had begun.
    const late = { occurredAt: `2017-02-${10 + (i % 18)}T10:00:00.000Z` };
    deals.push(await send('openOpportunity', dealOf(i, cast), i % 6 === 5 ? late : {}));
  }
  return deals;
}

const dealOf = (i: number, { owners, partners, products, accounts, contacts }: Cast) => ({
  name: `${['Fleet', 'fleet', 'Office', 'Über'][i % 4]} ${i % 7}`,
  ...(i % 5 !== 0 && { accountId: accounts[i % 6] }),
  ...(i % 4 === 1 && { primaryContactId: contacts[i % 4] }),
  ...(i % 3 !== 2 && { ownerId: owners[i % 3] }),
  ...(i % 8 === 7 && { pipelineId: partners }),
  ...worthOf(i, products),
  ...(i % 3 !== 1 && { closeDate: `2017-0${4 + (i % 5)}-15` }),
  ...(i % 2 === 0 && { tags: ['hot', `t${i % 3}`] }),
  ...(i % 6 === 1 && { source: 'Fair', description: 'x'.repeat(3_000) + i }),
});

const worthOf = (i: number, products: Cast['products']) => {
  // Three lines without a price share what can't be shared evenly.
  if (i % 6 === 4) return { lines: linesOf(i, products), ...(i === 10 && { amount: eur('100') }) };
  return i % 4 === 3 ? {} : { amount: [eur(`${100 * (i % 6)}.25`), usd('300'), yen('12000')][i % 3] };
};

/** Lines with a price, without, with thirds of a cent, of one product twice. */
function linesOf(n: number, [rover, mini, boost]: readonly [string, string, string]) {
  if (n === 4)
    return [
      { productId: rover, quantity: '3', unitPrice: eur('33.33') },
      { productId: mini, quantity: '0.3333', unitPrice: eur('10') },
      { productId: rover, quantity: '1', unitPrice: eur('0.01') },
      { productId: boost, quantity: '5' },
    ];
  if (n === 10) return [{ productId: mini }, { productId: boost }, { productId: rover }];
  if (n === 16) return [{ productId: boost, quantity: '7', unitPrice: yen('333') }];
  return [{ productId: rover, quantity: '1', unitPrice: usd('0') }];
}

export async function closeDeals(send: Send, deal: (n: number) => { id: string }): Promise<void> {
  const late = { occurredAt: '2017-04-20T12:00:00.000Z' };
  await send('winOpportunity', { amount: eur('900') }, deal(0));
  await send('winOpportunity', {}, { ...deal(1), ...late });
  await send('winOpportunity', { amount: usd('10.10'), closedOn: '2017-03-31' }, deal(2));
  await send('winOpportunity', {}, deal(4));
  await send('loseOpportunity', { reasonCode: 'price' }, deal(5));
  await send('loseOpportunity', { reasonCode: 'gone', amount: yen('500') }, { ...deal(8), ...late });
  await send('winOpportunity', { amount: eur('1') }, deal(7));
}

export async function keepDiary(
  send: Send,
  { accounts, contacts }: Cast,
  deals: readonly string[],
): Promise<readonly string[]> {
  const planned = (i: number) => ({
    type: 'task',
    subject: `Call ${i % 2 ? 'back' : 'Back'}`,
    ...(i % 2 === 0 && { dueAt: `2017-06-0${1 + (i % 4)}T10:00:00+02:00` }),
    ...(i === 6 ? { opportunityId: deals[0] } : { accountId: accounts[i % 3] }),
  });
  const logged = (i: number) => ({
    type: i % 2 ? 'call' : 'note',
    subject: `Said ${i}`,
    ...(i % 2 && { direction: i % 4 === 1 ? 'inbound' : 'outbound', minutes: 5 * (i % 3) }),
    ...(i % 4 === 1 && { contactIds: [contacts[i % 5], contacts[(i + 1) % 5]] }),
    ...(i % 4 === 2 && { opportunityId: deals[i] }),
    ...(i % 4 === 3 && { accountId: accounts[i % 4] }),
  });
  const activities: string[] = [];
  for (let i = 0; i < 12; i++) {
    const when = { occurredAt: `2017-0${2 + (i % 3)}-05T12:00:00.000Z` };
    activities.push(
      i % 3 === 0 ? await send('scheduleActivity', planned(i)) : await send('logActivity', logged(i), when),
    );
  }
  return activities;
}
