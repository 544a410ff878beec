import { expect, test } from 'vitest';
import { account } from '../../../../src/domain/customers/account.ts';
import { given } from '../../../support/decider.ts';
import { usd } from '../../../support/sales.ts';

const { events } = account;
const registered = events.AccountRegistered({ name: 'Acme', lifecycle: 'prospect' });
const changed = events.AccountLifecycleChanged({ from: 'prospect', to: 'customer' });

test('registerAccount registers a prospect', () =>
  given(account).when('registerAccount', { name: ' Acme ' }).thenEvents(registered));
test('registerAccount keeps what is said', () => {
  const said = {
    name: 'Acme',
    domain: 'acme.example',
    industry: 'retail',
    employees: 0,
    annualRevenue: usd('1.50'),
    foundedYear: 1996,
    taxId: 'X1',
    phone: '+1 555',
    addresses: [{ kind: 'office', city: 'Berlin' }],
    lifecycle: 'customer' as const,
  };
  return given(account)
    .when('registerAccount', { ...said, domain: 'ACME.example' })
    .thenEvents(events.AccountRegistered(said));
});
test('changeAccountLifecycle says from and to', () =>
  given(account, registered).when('changeAccountLifecycle', { lifecycle: 'customer' }).thenEvents(changed));
test('changeAccountLifecycle says nothing when it is so already', () =>
  given(account, registered, changed)
    .when('changeAccountLifecycle', { lifecycle: 'customer' })
    .thenNothing());
test('an account after its events', () => {
  expect(given(account, registered).state).toEqual({ lifecycle: 'prospect' });
  expect(given(account, registered, changed).state).toEqual({ lifecycle: 'customer' });
});
