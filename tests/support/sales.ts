/** A pipeline and opportunities to test with. */
import { opportunity } from '../../src/domain/sales/opportunity.ts';
import { pipeline, type Stage } from '../../src/domain/sales/pipeline.ts';
import { workspace } from '../../src/domain/sales/workspace.ts';
import { known } from './decider.ts';
import { id, WIDGET } from './ids.ts';

export const PIPELINE = id(0xd0);
export const [NEW, TALKING, WON, LOST] = [id(0xd1), id(0xd2), id(0xd3), id(0xd4)];

const stage = (stageId: string, name: string, rest: Omit<Stage, 'stageId' | 'name'>): Stage => ({
  stageId,
  name,
  ...rest,
});

export const STAGES: readonly Stage[] = [
  stage(NEW, 'New', { category: 'open', probability: 10, forecastCategory: 'pipeline' }),
  stage(TALKING, 'Talking', { category: 'open', probability: 50, forecastCategory: 'bestCase', maxDays: 30 }),
  stage(WON, 'Won', { category: 'won', probability: 100, forecastCategory: 'closed' }),
  stage(LOST, 'Lost', { category: 'lost', probability: 0, forecastCategory: 'omitted' }),
];

export const defined = (stages = STAGES) =>
  pipeline.events.PipelineDefined({ name: 'Sales', stages: [...stages] });

export const salesPipeline = known(pipeline, PIPELINE, defined());
export const defaultPipeline = known(
  workspace,
  id(0xe0),
  workspace.events.WorkspaceDefaultPipelineChosen({ pipelineId: PIPELINE }),
);

export const eur = (amount: string) => ({ amount, currency: 'EUR' });
export const usd = (amount: string) => ({ amount, currency: 'USD' });

export const line = (n: number, quantity = '1', unitPrice?: { amount: string; currency: string }) => ({
  lineId: id(0xf0 + n),
  productId: WIDGET,
  quantity,
  ...(unitPrice && { unitPrice }),
});

const { events } = opportunity;
export const opened = (more: Partial<Parameters<typeof events.OpportunityOpened>[0]> = {}) =>
  events.OpportunityOpened({ name: 'Big deal', pipelineId: PIPELINE, stageId: NEW, ...more });
export const won = (amount = eur('500.00'), closedOn = '2017-03-10') =>
  events.OpportunityWon({ from: NEW, stageId: WON, amount, closedOn });
export const lost = (more: { note?: string } = {}) =>
  events.OpportunityLost({
    from: NEW,
    stageId: LOST,
    closedOn: '2017-03-10',
    reasonCode: 'price',
    ...more,
  });
export const reopened = (stageId = NEW) => events.OpportunityReopened({ stageId });
