/** One row an opportunity, with history: lists, boards and summaries are asked of it, for today or as of any day. */

import type { Line } from '../domain/sales/lines.ts';
import { withLine } from '../domain/sales/lines.ts';
import { opportunity } from '../domain/sales/opportunity.ts';
import { choice, date, json, money, ref, refs, searchable, text } from './columns.ts';
import { recordModel } from './readModel.ts';

export const opportunities = recordModel('opportunities', opportunity, {
  version: 1,
  columns: {
    name: searchable(text),
    accountId: ref('account').optional,
    primaryContactId: ref('contact').optional,
    pipelineId: ref('pipeline'),
    stageId: ref('stage'),
    status: choice('OpportunityStatus', ['open', 'won', 'lost']),
    amount: money.optional,
    /** Expected while open. */
    closeDate: date.optional,
    closedOn: date.optional,
    reasonCode: text.optional,
    source: text.optional,
    description: text.optional,
    lines: json<readonly Line[]>(),
    productIds: refs('product'),
  },
  indexes: [
    ['pipelineId', 'stageId'],
    ['accountId'],
    ['ownerId'],
    ['status', 'closedOn'],
    ['createdAt'],
    ['productIds'],
  ],
  on: {
    OpportunityOpened: (_, { data }) => ({
      pipelineId: data.pipelineId,
      stageId: data.stageId,
      status: 'open',
      amount: data.amount ?? null,
      closeDate: data.closeDate ?? null,
      ...withProducts(data.lines ?? []),
    }),
    OpportunityMovedToStage: (_, { data }) => ({ stageId: data.to }),
    OpportunityAmountChanged: (_, { data }) => ({ amount: data.amount }),
    OpportunityCloseDateChanged: (_, { data }) => ({ closeDate: data.closeDate }),
    OpportunityLineAdded: (row, { data }) => withProducts(withLine(row.lines, data.line)),
    OpportunityLineChanged: (row, { data }) => withProducts(withLine(row.lines, data.line)),
    OpportunityLineRemoved: (row, { data }) =>
      withProducts(row.lines.filter(line => line.lineId !== data.lineId)),
    OpportunityWon: (_, { data }) => ({
      status: 'won',
      stageId: data.stageId,
      amount: data.amount,
      closedOn: data.closedOn,
    }),
    OpportunityLost: (row, { data }) => ({
      status: 'lost',
      stageId: data.stageId,
      amount: data.amount ?? row.amount,
      closedOn: data.closedOn,
      reasonCode: data.reasonCode,
    }),
    OpportunityReopened: (_, { data }) => ({
      status: 'open',
      stageId: data.stageId,
      closedOn: null,
      reasonCode: null,
    }),
  },
});

const withProducts = (lines: readonly Line[]) => ({
  lines,
  productIds: [...new Set(lines.map(line => line.productId))],
});
