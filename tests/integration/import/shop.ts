/** A plan and files of our own invention: a shop for bicycles, its sellers and what they sold. */
import { parsePlan } from '../../../src/integrations/import/readPlan.ts';

const opening = {
  name: { text: 'Order {id}' },
  ownerId: { ref: 'seller', column: 'seller' },
  accountId: { ref: 'customer', column: 'customer' },
  pipelineId: { ref: 'pipeline', constant: 'only' },
};

const closing = {
  'amount.amount': { column: 'worth' },
  'amount.currency': { constant: 'EUR' },
};

export const shopJson = {
  version: 1,
  name: 'shop',
  files: {
    customers: { file: 'customers.csv' },
    sellers: { file: 'sellers.csv' },
    orders: {
      file: 'orders.csv',
      columns: {
        state: { values: ['open', 'sold', 'gone'], aliases: { verkauft: 'sold' } },
        customer: { empty: 'report' },
      },
      ignore: ['remark'],
    },
  },
  records: [
    {
      kind: 'pipeline',
      key: { constant: 'only' },
      steps: [
        {
          command: 'definePipeline',
          at: { constant: '2020-01-01' },
          input: {
            name: { constant: 'Orders' },
            'stages.0.name': { constant: 'Asked' },
            'stages.1.name': { constant: 'Sold' },
            'stages.1.category': { constant: 'won' },
            'stages.2.name': { constant: 'Gone' },
            'stages.2.category': { constant: 'lost' },
          },
        },
      ],
    },
    {
      title: 'Customers',
      file: 'customers',
      kind: 'customer',
      key: 'name',
      steps: [
        { command: 'registerAccount', input: { name: { column: 'name' }, employees: { column: 'size' } } },
      ],
    },
    {
      title: 'Sellers',
      file: 'sellers',
      kind: 'seller',
      key: 'seller',
      steps: [{ command: 'inviteUser', input: { name: { column: 'seller' } } }],
    },
    {
      title: 'Teams',
      file: 'sellers',
      kind: 'team',
      key: 'team',
      steps: [
        { command: 'formTeam', input: { name: { column: 'team' } } },
        {
          name: 'join',
          command: 'tagTeam',
          when: { team: { not: ['North'] } },
          input: { tags: { constant: ['far'] } },
        },
      ],
    },
    {
      title: 'Members',
      file: 'sellers',
      kind: 'seller',
      key: 'seller',
      steps: [
        {
          command: 'changeTeamMembers',
          on: { ref: 'team', column: 'team' },
          input: { 'add.0': { ref: 'seller', column: 'seller' } },
        },
      ],
    },
    {
      title: 'Orders',
      file: 'orders',
      kind: 'order',
      key: 'id',
      steps: [
        { name: 'open', command: 'openOpportunity', at: { column: 'asked' }, input: opening },
        {
          name: 'close',
          command: 'winOpportunity',
          when: { state: 'sold' },
          at: { column: 'closed' },
          input: closing,
        },
        {
          name: 'close',
          command: 'loseOpportunity',
          when: { state: 'gone' },
          at: { column: 'closed' },
          input: { ...closing, reasonCode: { constant: 'unknown' } },
        },
      ],
    },
  ],
};

export const shopPlan = parsePlan(shopJson);

export const shopFiles = {
  'customers.csv': 'name,size\nAnna,1\nBeate GmbH,12\n',
  'sellers.csv': 'seller,team\nIda,North\nJo,North\nKim,South\n',
  'orders.csv': `id,seller,customer,state,asked,closed,worth,remark
1,Ida,Anna,sold,2021-01-01,2021-02-01,100,
2,Jo,Beate GmbH,gone,2021-01-02,2021-02-02,0,too dear
3,Kim,Anna,open,2021-01-03,,,
4,Kim,,verkauft,2021-01-04,2021-02-04,50.5,
`,
} as const;

/** The orders file with one text in it replaced. */
export const ordersWith = (old: string, by: string) => ({
  'orders.csv': shopFiles['orders.csv'].replace(old, by),
});
