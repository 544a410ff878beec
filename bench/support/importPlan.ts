/** The plan of the files that `importFiles.ts` writes: one command for an open opportunity, two for a closed one. */
import type { z } from 'zod';
import type { Plan } from '../../src/integrations/import/plan.ts';

const BEFORE = { constant: '2022-01-01' };

export const PLAN: z.input<typeof Plan> = {
  version: 1,
  name: 'bench',
  files: {
    accounts: { file: 'accounts.csv' },
    agents: { file: 'agents.csv' },
    opportunities: { file: 'opportunities.csv' },
  },
  records: [
    {
      kind: 'pipeline',
      key: { constant: 'sales' },
      steps: [
        {
          command: 'definePipeline',
          at: BEFORE,
          input: {
            name: { constant: 'Sales' },
            'stages.0.stageId': { id: 'stage Engaging' },
            'stages.0.name': { constant: 'Engaging' },
            'stages.0.category': { constant: 'open' },
            'stages.1.stageId': { id: 'stage Won' },
            'stages.1.name': { constant: 'Won' },
            'stages.1.category': { constant: 'won' },
            'stages.2.stageId': { id: 'stage Lost' },
            'stages.2.name': { constant: 'Lost' },
            'stages.2.category': { constant: 'lost' },
          },
        },
      ],
    },
    {
      file: 'accounts',
      kind: 'account',
      key: 'account',
      steps: [
        {
          command: 'registerAccount',
          at: BEFORE,
          input: {
            name: { column: 'account' },
            industry: { column: 'sector' },
            employees: { column: 'employees' },
          },
        },
      ],
    },
    {
      file: 'agents',
      kind: 'person',
      key: 'agent',
      steps: [{ command: 'inviteUser', at: BEFORE, input: { name: { column: 'agent' } } }],
    },
    {
      file: 'opportunities',
      kind: 'opportunity',
      key: 'number',
      steps: [
        {
          name: 'open',
          command: 'openOpportunity',
          at: { column: 'opened_on' },
          input: {
            name: { text: 'Rollout at {account}' },
            source: { column: 'number' },
            accountId: { ref: 'account', column: 'account' },
            ownerId: { ref: 'person', column: 'agent' },
            pipelineId: { ref: 'pipeline', constant: 'sales' },
            stageId: { id: 'stage Engaging' },
            'amount.amount': { column: 'value' },
            'amount.currency': { constant: 'EUR' },
          },
        },
        {
          name: 'close',
          command: 'winOpportunity',
          when: { state: 'Won' },
          at: { column: 'closed_on' },
          input: {
            'amount.amount': { column: 'value' },
            'amount.currency': { constant: 'EUR' },
            closedOn: { column: 'closed_on' },
          },
        },
        {
          name: 'close',
          command: 'loseOpportunity',
          when: { state: 'Lost' },
          at: { column: 'closed_on' },
          input: { reasonCode: { constant: 'price' }, closedOn: { column: 'closed_on' } },
        },
      ],
    },
  ],
};
