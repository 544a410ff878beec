import { describe, expect, test } from 'vitest';
import { opportunity } from '../../../../src/domain/sales/opportunity.ts';
import { pipeline } from '../../../../src/domain/sales/pipeline.ts';
import { childId, given, known, TODAY } from '../../../support/decider.ts';
import { ACME, ANN, GADGET, id, WIDGET } from '../../../support/ids.ts';
import {
  defaultPipeline,
  defined,
  eur,
  LOST,
  line,
  lost,
  NEW,
  opened,
  PIPELINE,
  reopened,
  STAGES,
  salesPipeline,
  TALKING,
  usd,
  WON,
  won,
} from '../../../support/sales.ts';

const { events } = opportunity;
const none = given(opportunity);

describe('openOpportunity', () => {
  const open = (input: object) =>
    none.knowing(salesPipeline).when('openOpportunity', { name: 'Big deal', pipelineId: PIPELINE, ...input });

  test('opens in the first open stage', () => open({}).thenEvents(opened()));
  test('takes the default pipeline when none is named', () =>
    none
      .knowing(defaultPipeline, salesPipeline)
      .when('openOpportunity', { name: 'Big deal' })
      .thenEvents(opened()));
  test('keeps account, owner, tags, amount and close date', () => {
    const more = {
      accountId: ACME,
      ownerId: ANN,
      tags: ['hot'],
      amount: eur('12.50'),
      closeDate: '2017-04-01',
    };
    return open(more).thenEvents(opened(more));
  });
  test('opens in the stage given', () => open({ stageId: TALKING }).thenEvents(opened({ stageId: TALKING })));
  test('needs a pipeline', () =>
    none.when('openOpportunity', { name: 'Big deal' }).thenRejected('NO_PIPELINE', 'pipelineId'));
  test('refuses a stage that the pipeline has not', () =>
    open({ stageId: id(9) }).thenRejected('STAGE_UNKNOWN', 'stageId'));
  test.each([WON, LOST])('refuses the closing stage %s', stageId =>
    open({ stageId }).thenRejected('STAGE_CLOSED', 'stageId'),
  );

  test('its amount is the sum of its priced lines', () =>
    open({
      lines: [
        { productId: WIDGET, quantity: '3', unitPrice: eur('2.5') },
        { productId: GADGET },
        { productId: WIDGET, quantity: '0.5', unitPrice: eur('0.01') },
      ],
    }).thenEvents(
      opened({
        amount: eur('7.51'),
        lines: [
          { lineId: childId(0), productId: WIDGET, quantity: '3', unitPrice: eur('2.50') },
          { lineId: childId(1), productId: GADGET, quantity: '1' },
          { lineId: childId(2), productId: WIDGET, quantity: '0.5', unitPrice: eur('0.01') },
        ],
      }),
    ));
  test('lines without prices leave the amount that is given', () =>
    open({ amount: eur('9'), lines: [line(1)] }).thenEvents(
      opened({ amount: eur('9.00'), lines: [line(1)] }),
    ));
  test('an amount that says the same as the lines is welcome', () =>
    open({ amount: eur('10'), lines: [line(1, '2', eur('5'))] }).thenState({ amount: eur('10.00') }));
  test('an amount that contradicts the lines is refused', () =>
    open({ amount: eur('11'), lines: [line(1, '2', eur('5'))] }).thenRejected('AMOUNT_FROM_LINES', 'amount'));
  test('lines need one currency', () =>
    open({ lines: [line(1, '1', eur('5')), line(2, '1', usd('5'))] }).thenRejected('CURRENCY_MISMATCH'));
  test('lines need ids of their own', () =>
    open({ lines: [line(1), line(1)] }).thenRejected('LINE_EXISTS', 'lineId'));
  test('lines that add up to more than an amount can hold are refused', () =>
    open({ lines: [line(1, '999999999', eur('999999999999999'))] }).thenRejected('AMOUNT_TOO_LARGE'));
});

describe('moveOpportunityToStage', () => {
  const move = (stageId: string, ...past: Parameters<typeof given>[1][]) =>
    given(opportunity, opened(), ...past)
      .knowing(salesPipeline)
      .when('moveOpportunityToStage', { stageId });

  test('moves to another open stage', () =>
    move(TALKING).thenEvents(events.OpportunityMovedToStage({ from: NEW, to: TALKING })));
  test('says nothing when it is there already', () => move(NEW).thenNothing());
  test('refuses a stage that its pipeline has not', () =>
    move(id(9)).thenRejected('STAGE_UNKNOWN', 'stageId'));
  test.each([WON, LOST])('refuses the closing stage %s: those are reached by winning and losing', stageId =>
    move(stageId).thenRejected('STAGE_CLOSED', 'stageId'),
  );
  test('refuses a retired stage', () =>
    given(opportunity, opened())
      .knowing(
        known(
          pipeline,
          PIPELINE,
          defined(),
          pipeline.events.PipelineStagesChanged({
            stages: STAGES.filter(s => s.stageId !== TALKING),
            retired: [TALKING],
          }),
        ),
      )
      .when('moveOpportunityToStage', { stageId: TALKING })
      .thenRejected('STAGE_UNKNOWN'));
  test.each([won(), lost()])('a closed one does not move', event =>
    move(TALKING, event).thenRejected('NOT_OPEN'),
  );
});

describe('changeOpportunityAmount', () => {
  const change = (amount: object | null, ...past: Parameters<typeof given>[1][]) =>
    given(opportunity, opened({ amount: eur('5.00') }), ...past).when('changeOpportunityAmount', { amount });

  test('sets it', () =>
    change(eur('6')).thenEvents(events.OpportunityAmountChanged({ amount: eur('6.00') })));
  test('sets another currency', () =>
    change(usd('5')).thenEvents(events.OpportunityAmountChanged({ amount: usd('5.00') })));
  test('clears it with null', () =>
    change(null).thenEvents(events.OpportunityAmountChanged({ amount: null })));
  test('says nothing when it is so already, however it is written', () => change(eur('5')).thenNothing());
  test('says nothing when there is none to clear', () =>
    given(opportunity, opened()).when('changeOpportunityAmount', { amount: null }).thenNothing());
  test('priced lines set it themselves', () =>
    given(opportunity, opened({ amount: eur('5.00'), lines: [line(1, '1', eur('5.00'))] }))
      .when('changeOpportunityAmount', { amount: eur('6') })
      .thenRejected('AMOUNT_FROM_LINES', 'amount'));
  test('lines without prices do not', () =>
    given(opportunity, opened({ lines: [line(1)] }))
      .when('changeOpportunityAmount', { amount: eur('6') })
      .thenState({ amount: eur('6.00') }));
  test.each([won(), lost()])('a closed one keeps its amount', event =>
    change(eur('6'), event).thenRejected('NOT_OPEN'),
  );
  test('it may not be below zero', () =>
    expect(change(eur('-1')).thenNothing()).rejects.toThrow('below zero'));
});

describe('changeOpportunityCloseDate', () => {
  const change = (closeDate: string | null, ...past: Parameters<typeof given>[1][]) =>
    given(opportunity, opened({ closeDate: '2017-04-01' }), ...past).when('changeOpportunityCloseDate', {
      closeDate,
    });

  test('sets it', () =>
    change('2017-05-01').thenEvents(events.OpportunityCloseDateChanged({ closeDate: '2017-05-01' })));
  test('clears it with null', () =>
    change(null).thenEvents(events.OpportunityCloseDateChanged({ closeDate: null })));
  test('says nothing when it is so already', () => change('2017-04-01').thenNothing());
  test('says nothing when there is none to clear', () =>
    given(opportunity, opened()).when('changeOpportunityCloseDate', { closeDate: null }).thenNothing());
  test.each([won(), lost()])('a closed one keeps it', event => change(null, event).thenRejected('NOT_OPEN'));
});

describe('winOpportunity', () => {
  const deal = given(opportunity, opened({ amount: eur('500.00') })).knowing(salesPipeline);

  test('wins it today, for its amount, into the won stage', () =>
    deal.when('winOpportunity').thenEvents(won(eur('500.00'), TODAY)));
  test('wins it for another amount, on an earlier day', () =>
    deal
      .when('winOpportunity', { amount: usd('7'), closedOn: '2017-03-01' })
      .thenEvents(won(usd('7.00'), '2017-03-01')));
  test('needs an amount', () =>
    given(opportunity, opened())
      .knowing(salesPipeline)
      .when('winOpportunity')
      .thenRejected('AMOUNT_MISSING', 'amount'));
  test('cannot be won for something else than its lines', () =>
    given(opportunity, opened({ amount: eur('5.00'), lines: [line(1, '1', eur('5.00'))] }))
      .knowing(salesPipeline)
      .when('winOpportunity', { amount: eur('6') })
      .thenRejected('AMOUNT_FROM_LINES', 'amount'));
  test('cannot have closed on a day to come', () =>
    deal.when('winOpportunity', { closedOn: '2017-03-16' }).thenRejected('CLOSED_IN_FUTURE', 'closedOn'));

  const alreadyWon = given(opportunity, opened(), won()).knowing(salesPipeline);
  test.each([{}, { amount: eur('500') }, { closedOn: '2017-03-10' }])(
    'says nothing when it is won already %j',
    input => alreadyWon.when('winOpportunity', input).thenNothing(),
  );
  test.each([{ amount: eur('501') }, { amount: usd('500') }, { closedOn: '2017-03-11' }])(
    'is refused when it is won otherwise %j',
    input => alreadyWon.when('winOpportunity', input).thenRejected('NOT_OPEN'),
  );
  test('is refused when it is lost', () =>
    given(opportunity, opened(), lost())
      .knowing(salesPipeline)
      .when('winOpportunity')
      .thenRejected('NOT_OPEN'));
});

describe('loseOpportunity', () => {
  const deal = given(opportunity, opened({ amount: eur('500.00') })).knowing(salesPipeline);

  test('loses it today, with the reason, into the lost stage', () =>
    deal.when('loseOpportunity', { reasonCode: 'price', note: 'too dear' }).thenEvents(
      events.OpportunityLost({
        from: NEW,
        stageId: LOST,
        closedOn: TODAY,
        reasonCode: 'price',
        note: 'too dear',
      }),
    ));
  test('needs a reason', () =>
    expect(deal.when('loseOpportunity').thenNothing()).rejects.toThrow('reasonCode'));
  test('keeps the amount, or takes the one that is said', async () => {
    await deal.when('loseOpportunity', { reasonCode: 'price' }).thenState({ amount: eur('500.00') });
    await deal
      .when('loseOpportunity', { reasonCode: 'price', amount: eur('1') })
      .thenState({ amount: eur('1.00') });
  });
  test('cannot be lost for something else than its lines', () =>
    given(opportunity, opened({ amount: eur('5.00'), lines: [line(1, '1', eur('5.00'))] }))
      .knowing(salesPipeline)
      .when('loseOpportunity', { reasonCode: 'price', amount: eur('6') })
      .thenRejected('AMOUNT_FROM_LINES', 'amount'));
  test('cannot have closed on a day to come', () =>
    deal
      .when('loseOpportunity', { reasonCode: 'price', closedOn: '2017-03-16' })
      .thenRejected('CLOSED_IN_FUTURE', 'closedOn'));

  const alreadyLost = given(opportunity, opened(), lost({ note: 'too dear' })).knowing(salesPipeline);
  test.each([{}, { closedOn: '2017-03-10' }, { note: 'too dear' }])(
    'says nothing when it is lost already %j',
    input => alreadyLost.when('loseOpportunity', { reasonCode: 'price', ...input }).thenNothing(),
  );
  test.each([
    { reasonCode: 'timing' },
    { closedOn: '2017-03-11' },
    { note: 'went silent' },
    { amount: eur('1') },
  ])('is refused when it is lost otherwise %j', input =>
    alreadyLost.when('loseOpportunity', { reasonCode: 'price', ...input }).thenRejected('NOT_OPEN'),
  );
  test('is refused when it is won', () =>
    given(opportunity, opened(), won())
      .knowing(salesPipeline)
      .when('loseOpportunity', { reasonCode: 'price' })
      .thenRejected('NOT_OPEN'));
});

describe('reopenOpportunity', () => {
  const closed = given(opportunity, opened({ stageId: TALKING }), {
    ...won(),
    data: { ...won().data, from: TALKING },
  });

  test('goes back to the stage where it was', () =>
    closed.knowing(salesPipeline).when('reopenOpportunity').thenEvents(reopened(TALKING)));
  test('goes to the stage given, with the reason', () =>
    closed
      .knowing(salesPipeline)
      .when('reopenOpportunity', { stageId: NEW, reason: 'they called' })
      .thenEvents(events.OpportunityReopened({ stageId: NEW, reason: 'they called' })));
  test('goes to the first open stage when its own is retired', () =>
    closed
      .knowing(known(pipeline, PIPELINE, defined(STAGES.filter(s => s.stageId !== TALKING))))
      .when('reopenOpportunity')
      .thenEvents(reopened(NEW)));
  test.each([WON, LOST, id(9)])('does not go to %s, which is no open stage', stageId =>
    closed
      .knowing(salesPipeline)
      .when('reopenOpportunity', { stageId })
      .thenRejected('STAGE_UNKNOWN', 'stageId'),
  );
  test('says nothing when it is open already', () =>
    given(opportunity, opened())
      .knowing(salesPipeline)
      .when('reopenOpportunity', { stageId: NEW })
      .thenNothing());
  test('is refused when it is open in another stage', () =>
    given(opportunity, opened())
      .knowing(salesPipeline)
      .when('reopenOpportunity', { stageId: TALKING })
      .thenRejected('ALREADY_OPEN', 'stageId'));
  test('can be closed again afterwards', () =>
    given(opportunity, opened(), lost(), reopened())
      .knowing(salesPipeline)
      .when('winOpportunity', { amount: eur('1') })
      .thenState({ status: 'won', amount: eur('1.00') }));
});
