import { expect, test } from 'vitest';
import { product } from '../../../../src/domain/sales/product.ts';
import { given } from '../../../support/decider.ts';
import { eur } from '../../../support/sales.ts';

const { events } = product;
const introduced = events.ProductIntroduced({ name: 'Widget' });

test('introduceProduct adds it to the range', () =>
  given(product)
    .when('introduceProduct', { name: ' Widget ', sku: 'W-1', recurring: true, listPrice: eur('9.5') })
    .thenEvents(
      events.ProductIntroduced({ name: 'Widget', sku: 'W-1', recurring: true, listPrice: eur('9.50') }),
    ));
test('a list price is not below zero', () =>
  expect(
    given(product)
      .when('introduceProduct', { name: 'Widget', listPrice: eur('-1') })
      .thenNothing(),
  ).rejects.toThrow('below zero'));
test('retireProduct takes it out of the range', () =>
  given(product, introduced).when('retireProduct').thenEvents(events.ProductRetired({})));
test('retireProduct says nothing when it is retired already', () =>
  given(product, introduced, events.ProductRetired({})).when('retireProduct').thenNothing());
test('a product after ProductIntroduced is active, after ProductRetired retired', () => {
  expect(given(product, introduced).state).toEqual({ status: 'active' });
  expect(given(product, introduced, events.ProductRetired({})).state).toEqual({ status: 'retired' });
});
test('reinstateProduct takes it in again', () =>
  given(product, introduced, events.ProductRetired({}))
    .when('reinstateProduct')
    .thenEvents(events.ProductReinstated({})));
test('reinstateProduct says nothing while it is in the range', () =>
  given(product, introduced).when('reinstateProduct').thenNothing());
test('a product after ProductReinstated is active', () =>
  expect(given(product, introduced, events.ProductRetired({}), events.ProductReinstated({})).state).toEqual({
    status: 'active',
  }));
