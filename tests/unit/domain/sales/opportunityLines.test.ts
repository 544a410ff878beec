import { describe, test } from 'vitest';
import { opportunity } from '../../../../src/domain/sales/opportunity.ts';
import { childId, given } from '../../../support/decider.ts';
import { id, WIDGET } from '../../../support/ids.ts';
import { eur, line, lost, opened, usd, won } from '../../../support/sales.ts';

const { events } = opportunity;

describe('lines', () => {
  const priced = opened({ amount: eur('10.00'), lines: [line(1, '2', eur('5.00'))] });

  test('adding a priced line raises the amount', () =>
    given(opportunity, priced)
      .when('addOpportunityLine', line(2, '1.5', eur('1')))
      .thenEvents(
        events.OpportunityLineAdded({ line: line(2, '1.5', eur('1.00')) }),
        events.OpportunityAmountChanged({ amount: eur('11.50') }),
      ));
  test('adding a line without a price changes no amount', () =>
    given(opportunity, priced)
      .when('addOpportunityLine', { productId: WIDGET })
      .thenEvents(
        events.OpportunityLineAdded({ line: { lineId: childId('line'), productId: WIDGET, quantity: '1' } }),
      ));
  test('the first priced line replaces an amount that was given, also in another currency', () =>
    given(opportunity, opened({ amount: usd('99.00') }))
      .when('addOpportunityLine', line(1, '1', eur('3')))
      .thenState({ amount: eur('3.00') }));
  test('a line that costs nothing is priced all the same', () =>
    given(opportunity, opened({ amount: eur('99.00') }))
      .when('addOpportunityLine', line(1, '1', eur('0')))
      .thenState({ amount: eur('0.00') }));
  test('adding one with the id of another is refused', () =>
    given(opportunity, priced).when('addOpportunityLine', line(1)).thenRejected('LINE_EXISTS', 'lineId'));
  test('adding one in another currency is refused', () =>
    given(opportunity, priced)
      .when('addOpportunityLine', line(2, '1', usd('1')))
      .thenRejected('CURRENCY_MISMATCH', 'unitPrice'));
  test('the sum may not outgrow an amount', () =>
    given(opportunity, opened({ lines: [line(1, '1', eur('999999999999999.99'))] }))
      .when('addOpportunityLine', line(2, '1', eur('0.01')))
      .thenRejected('AMOUNT_TOO_LARGE'));
  test('there are at most 200', () =>
    given(opportunity, opened({ lines: Array.from({ length: 200 }, (_, n) => line(n)) }))
      .when('addOpportunityLine', line(200))
      .thenRejected('TOO_MANY_LINES'));

  test('changing one changes the amount', () =>
    given(opportunity, priced)
      .when('changeOpportunityLine', line(1, '3', eur('5')))
      .thenEvents(
        events.OpportunityLineChanged({ line: line(1, '3', eur('5.00')) }),
        events.OpportunityAmountChanged({ amount: eur('15.00') }),
      ));
  test('changing one says nothing when it is so already, however the price is written', () =>
    given(opportunity, priced)
      .when('changeOpportunityLine', line(1, '2', eur('5')))
      .thenNothing());
  test('taking the price away leaves the amount', () =>
    given(opportunity, priced)
      .when('changeOpportunityLine', line(1, '2'))
      .thenEvents(events.OpportunityLineChanged({ line: line(1, '2') })));
  test('changing an unknown one is refused', () =>
    given(opportunity, priced).when('changeOpportunityLine', line(2)).thenRejected('LINE_UNKNOWN', 'lineId'));

  test('removing one lowers the amount', () =>
    given(opportunity, priced, events.OpportunityLineAdded({ line: line(2, '1', eur('1.00')) }))
      .when('removeOpportunityLine', { lineId: line(1).lineId })
      .thenEvents(
        events.OpportunityLineRemoved({ lineId: line(1).lineId }),
        events.OpportunityAmountChanged({ amount: eur('1.00') }),
      ));
  test('removing the last priced one leaves the amount', () =>
    given(opportunity, priced)
      .when('removeOpportunityLine', { lineId: line(1).lineId })
      .thenEvents(events.OpportunityLineRemoved({ lineId: line(1).lineId })));
  test('removing an unknown one is refused', () =>
    given(opportunity, priced)
      .when('removeOpportunityLine', { lineId: id(9) })
      .thenRejected('LINE_UNKNOWN'));

  const lineId = line(1).lineId;
  test.each([
    ['addOpportunityLine', line(2)],
    ['changeOpportunityLine', line(1)],
    ['removeOpportunityLine', { lineId }],
  ])('%s: a closed one keeps its lines', async (command, input) => {
    await given(opportunity, priced, won()).when(command, input).thenRejected('NOT_OPEN');
    await given(opportunity, priced, lost()).when(command, input).thenRejected('NOT_OPEN');
  });
});
