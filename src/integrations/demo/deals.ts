/** The demo's opportunities: opened over the past months, moved along, won, lost, and now and then reopened. */
import { CONTACTS_EACH, type Customer } from './customers.ts';
import { moneyIn, OPEN_STAGES } from './house.ts';
import { daysAgo, onDay, type Setting, type Story, storyOf, type Told } from './story.ts';
import { LOST_REASONS, PRODUCTS } from './words.ts';

const DEALS = 180;

/** Chances, so that the board of today and the past months both have something to show. */
const LOSES_IN_A_STAGE = 0.13;
/** Opened within the last hundred days: the pipeline of today. */
const RECENT = 0.35;
const IS_REOPENED = 0.12;
const CHANGES_ITS_AMOUNT = 0.15;

export type Deal = {
  readonly n: number;
  readonly customer: Customer;
  readonly contactN: number;
  /** Days before today. */
  readonly openedDaysAgo: number;
  readonly told: readonly Told[];
  readonly wonAt: Date | undefined;
  readonly isOpen: boolean;
};

export function inventDeals(setting: Setting, customers: readonly Customer[]): readonly Deal[] {
  const { random } = setting;
  return Array.from({ length: DEALS }, (_, n) => {
    const customer = random.pick(customers);
    const contactN = customer.n * CONTACTS_EACH + random.int(0, CONTACTS_EACH - 1);
    // Contacts come within two days of their account.
    const longest = Math.max(1, customer.knownForDays - 4);
    const openedDaysAgo = random.int(2, random.happens(RECENT) ? Math.min(longest, 100) : longest);
    const opening = open(setting, customer, contactN, openedDaysAgo);
    const later = moveOn(setting, customer, opening, openedDaysAgo);
    return { n, customer, contactN, openedDaysAgo, ...later };
  });
}

export const tellDeals = (setting: Setting, deals: readonly Deal[]): Story[] =>
  deals.map(({ n, told }) => storyOf(setting, 'opportunity', n, told));

/** The first time that each account bought something, by its number. */
export function firstWinsOf(deals: readonly Deal[]): ReadonlyMap<number, Date> {
  const wins = new Map<number, Date>();
  for (const { customer, wonAt } of deals) {
    const before = wins.get(customer.n);
    if (wonAt && (!before || wonAt < before)) wins.set(customer.n, wonAt);
  }
  return wins;
}

function open(setting: Setting, customer: Customer, contactN: number, openedDaysAgo: number) {
  const { random, ids } = setting;
  const productN = random.int(0, PRODUCTS.length - 1);
  const product = PRODUCTS[productN];
  const quantity = product && product.price < 1000 ? random.int(5, 60) : random.int(1, 6);
  // Half of them are priced by lines, the others by an estimate.
  const isEstimate = random.happens(0.5);
  const estimate = random.int(8, 240) * 250;
  const { currency } = customer.place;
  const unitPrice = moneyIn(currency, (product?.price ?? 100) * random.pick([1, 1, 0.95, 0.9]));
  const line = { productId: ids.record('product', productN), quantity: String(quantity) };
  const input = {
    name: `${product?.name} for ${customer.name}`,
    accountId: ids.record('account', customer.n),
    primaryContactId: ids.record('contact', contactN),
    ownerId: ids.record('user', customer.ownerN),
    pipelineId: ids.record('pipeline', 0),
    stageId: ids.part(OPEN_STAGES[0]),
    source: random.pick(['referral', 'trade fair', 'web', 'existing customer', 'cold call']),
    closeDate: onDay(daysAgo(setting, openedDaysAgo - random.int(40, 120))),
    ...(isEstimate
      ? { amount: moneyIn(currency, estimate), lines: [line] }
      : { lines: [{ ...line, unitPrice }] }),
  };
  const told: Told = { name: 'openOpportunity', input, at: daysAgo(setting, openedDaysAgo) };
  return { told, amount: isEstimate ? estimate : undefined };
}

/** Lets the weeks since go by. Every step is on a later day than the one before, and none is today. */
function moveOn(setting: Setting, customer: Customer, opening: ReturnType<typeof open>, opened: number) {
  const { random, ids } = setting;
  const told = [opening.told];
  let { amount } = opening;
  let stage = 0;
  let wonAt: Date | undefined;
  let daysLeft = opened - random.int(5, 35);
  const tell = (name: string, input: object) => {
    const at = daysAgo(setting, daysLeft);
    told.push({ name, input, at });
    daysLeft -= random.int(5, 35);
    return at;
  };
  while (daysLeft >= 1 && !wonAt) {
    if (random.happens(LOSES_IN_A_STAGE)) {
      tell('loseOpportunity', { reasonCode: random.pick(LOST_REASONS) });
      if (daysLeft < 1 || !random.happens(IS_REOPENED)) break;
      tell('reopenOpportunity', { reason: 'They came back to us.' });
    } else if (amount !== undefined && random.happens(CHANGES_ITS_AMOUNT)) {
      amount *= random.pick([0.8, 0.9, 1.1, 1.25]); // never the same again: that would be no event
      tell('changeOpportunityAmount', { amount: moneyIn(customer.place.currency, amount) });
    } else if (stage < OPEN_STAGES.length - 1) {
      stage += 1;
      tell('moveOpportunityToStage', { stageId: ids.part(OPEN_STAGES[stage] ?? '') });
    } else wonAt = tell('winOpportunity', {});
  }
  return { told, wonAt, isOpen: wonAt === undefined && told.at(-1)?.name !== 'loseOpportunity' };
}
