/** The demo company itself: its people and teams, its pipeline, and what it sells. */

import { daysAgo, type Setting, type Story, storyOf } from './story.ts';
import { FIRST_NAMES, LAST_NAMES, PRODUCTS } from './words.ts';

/** Days that the demo reaches back, and some before in which the house is set up. */
export const PAST_DAYS = 425;
const SETUP_DAYS = PAST_DAYS + 15;

export const USERS = 8;
export const OPEN_STAGES = ['Qualification', 'Discovery', 'Proposal', 'Negotiation'] as const;

const TEAMS = [
  { name: 'New business', region: 'Europe', lead: 0 },
  { name: 'Key accounts', region: 'DACH', lead: 4 },
] as const;
const TEAM_SIZE = USERS / TEAMS.length;

export function tellUsers(setting: Setting): Story[] {
  return Array.from({ length: USERS }, (_, n) => {
    const [first, last] = [FIRST_NAMES[n * 5], LAST_NAMES[n * 3]];
    const isLead = TEAMS.some(team => team.lead === n);
    const input = {
      name: `${first} ${last}`,
      email: `${first}.${last}@relata.example`.toLowerCase(),
      jobTitle: isLead ? 'Head of sales' : 'Account executive',
    };
    return storyOf(setting, 'user', n, [{ name: 'inviteUser', input, at: daysAgo(setting, SETUP_DAYS) }]);
  });
}

export function tellTeams(setting: Setting): Story[] {
  const { ids } = setting;
  return TEAMS.map(({ name, region, lead }, n) => {
    const memberIds = Array.from({ length: TEAM_SIZE }, (_, i) => ids.record('user', n * TEAM_SIZE + i));
    const input = { name, region, leadId: ids.record('user', lead), memberIds };
    return storyOf(setting, 'team', n, [{ name: 'formTeam', input, at: daysAgo(setting, SETUP_DAYS - 1) }]);
  });
}

export function tellPipeline(setting: Setting): Story[] {
  const { ids } = setting;
  const stage = (name: string, more: object) => ({ stageId: ids.part(name), name, ...more });
  const stages = [
    stage('Qualification', { probability: 10, forecastCategory: 'omitted', maxDays: 30 }),
    stage('Discovery', { probability: 25, forecastCategory: 'pipeline', maxDays: 30 }),
    stage('Proposal', { probability: 50, forecastCategory: 'bestCase', maxDays: 45 }),
    stage('Negotiation', { probability: 75, forecastCategory: 'commit', maxDays: 30 }),
    stage('Won', { category: 'won' }),
    stage('Lost', { category: 'lost' }),
  ];
  const input = { name: 'Sales', stages };
  return [
    storyOf(setting, 'pipeline', 0, [{ name: 'definePipeline', input, at: daysAgo(setting, SETUP_DAYS) }]),
  ];
}

/** At the present: the workspace's own stream may hold later choices than the demo's past. */
export const tellDefaultPipeline = (setting: Setting): Story[] => [
  storyOf(setting, 'workspace', 0, [
    { name: 'chooseDefaultPipeline', input: { pipelineId: setting.ids.record('pipeline', 0) } },
  ]),
];

export function tellProducts(setting: Setting): Story[] {
  return PRODUCTS.map(({ price, ...product }, n) => {
    const sku = `${product.family.slice(0, 2).toUpperCase()}-${String(n + 1).padStart(3, '0')}`;
    const input = { ...product, sku, listPrice: moneyIn('EUR', price) };
    return storyOf(setting, 'product', n, [
      { name: 'introduceProduct', input, at: daysAgo(setting, SETUP_DAYS) },
    ]);
  });
}

/** What a euro is worth. Customers are offered prices in their own currency. */
const RATES = { EUR: 1, GBP: 0.85, CHF: 0.95 } as const;

export const moneyIn = (currency: keyof typeof RATES, euros: number) => ({
  amount: (euros * RATES[currency]).toFixed(2),
  currency,
});
