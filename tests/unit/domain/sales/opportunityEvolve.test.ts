import { expect, test } from 'vitest';
import { opportunity } from '../../../../src/domain/sales/opportunity.ts';
import { given } from '../../../support/decider.ts';
import {
  eur,
  LOST,
  line,
  lost,
  NEW,
  opened,
  PIPELINE,
  reopened,
  TALKING,
  WON,
  won,
} from '../../../support/sales.ts';

const { events } = opportunity;
const stateAfter = (...past: Parameters<typeof given>[1][]) => given(opportunity, opened(), ...past).state;
const open = { status: 'open', pipelineId: PIPELINE, stageId: NEW, lines: [] };

test.each([
  ['OpportunityOpened', stateAfter(), open],
  [
    'OpportunityMovedToStage',
    stateAfter(events.OpportunityMovedToStage({ from: NEW, to: TALKING })),
    { ...open, stageId: TALKING },
  ],
  [
    'OpportunityAmountChanged',
    stateAfter(events.OpportunityAmountChanged({ amount: eur('1.00') })),
    { ...open, amount: eur('1.00') },
  ],
  [
    'OpportunityAmountChanged to none',
    stateAfter(
      events.OpportunityAmountChanged({ amount: eur('1.00') }),
      events.OpportunityAmountChanged({ amount: null }),
    ),
    open,
  ],
  [
    'OpportunityCloseDateChanged',
    stateAfter(events.OpportunityCloseDateChanged({ closeDate: '2017-05-01' })),
    { ...open, closeDate: '2017-05-01' },
  ],
  [
    'OpportunityCloseDateChanged to none',
    stateAfter(
      events.OpportunityCloseDateChanged({ closeDate: '2017-05-01' }),
      events.OpportunityCloseDateChanged({ closeDate: null }),
    ),
    open,
  ],
  [
    'OpportunityLineAdded',
    stateAfter(events.OpportunityLineAdded({ line: line(1) })),
    { ...open, lines: [line(1)] },
  ],
  [
    'OpportunityLineChanged, in its place',
    stateAfter(
      events.OpportunityLineAdded({ line: line(1) }),
      events.OpportunityLineAdded({ line: line(2) }),
      events.OpportunityLineChanged({ line: line(1, '7') }),
    ),
    { ...open, lines: [line(1, '7'), line(2)] },
  ],
  [
    'OpportunityLineRemoved',
    stateAfter(
      events.OpportunityLineAdded({ line: line(1) }),
      events.OpportunityLineRemoved({ lineId: line(1).lineId }),
    ),
    open,
  ],
  [
    'OpportunityWon',
    stateAfter(won()),
    {
      ...open,
      status: 'won',
      stageId: WON,
      openStageId: NEW,
      amount: eur('500.00'),
      closedOn: '2017-03-10',
    },
  ],
  [
    'OpportunityLost',
    stateAfter(lost({ note: 'too dear' })),
    {
      ...open,
      status: 'lost',
      stageId: LOST,
      openStageId: NEW,
      closedOn: '2017-03-10',
      reasonCode: 'price',
      note: 'too dear',
    },
  ],
  [
    'OpportunityReopened after a win keeps the amount and nothing of the closing',
    stateAfter(won(), reopened(TALKING)),
    { ...open, stageId: TALKING, amount: eur('500.00') },
  ],
  [
    'OpportunityReopened after a loss keeps nothing of the closing',
    stateAfter(lost({ note: 'too dear' }), reopened()),
    open,
  ],
])('%s', (_, state, expected) => expect(state).toEqual(expected));
