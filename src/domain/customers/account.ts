/**
 * Account: an organisation that we sell to and serve.
 * Event shapes are a storage format: change one only by a new version and an upcaster.
 */
import { z } from 'zod';
import { defineAggregate } from '../kernel/aggregate.ts';
import { command } from '../kernel/command.ts';
import { defineEvents, described } from '../kernel/events.ts';
import { ownership } from '../kernel/record.ts';
import { begun, call, part } from '../kernel/undo.ts';
import { LowerCaseText, Price, Text } from '../kernel/values.ts';

export const Lifecycle = z.enum(['prospect', 'customer', 'former']).meta({ title: 'AccountLifecycle' });
type Lifecycle = z.infer<typeof Lifecycle>;

export const Address = z
  .object({
    kind: Text(40).optional(),
    street: Text(300).optional(),
    city: Text(100).optional(),
    region: Text(100).optional(),
    postalCode: Text(20).optional(),
    country: Text(100).optional(),
  })
  .meta({ title: 'Address' });
export type Address = z.infer<typeof Address>;

const details = {
  name: Text(200),
  /** The organisation's own host name, such as example.com. */
  domain: LowerCaseText(253).optional(),
  industry: Text(100).optional(),
  employees: z.int().min(0).max(2_000_000_000).optional(),
  annualRevenue: Price.optional(),
  foundedYear: z.int().min(1).max(9999).optional(),
  taxId: Text(60).optional(),
  phone: Text(40).optional(),
  addresses: z.array(Address).max(20).optional(),
};

const events = defineEvents('account', {
  AccountRegistered: described('An organisation was registered.', {
    ...details,
    ...ownership,
    lifecycle: Lifecycle,
  }),
  AccountLifecycleChanged: described('The organisation became a prospect, a customer or a former customer.', {
    from: Lifecycle,
    to: Lifecycle,
  }),
});

export type Account = { readonly lifecycle: Lifecycle };

const define = command<Account>();

export const account = defineAggregate<Account, typeof events>({
  category: 'account',
  details,
  events,
  initial: { lifecycle: 'prospect' },
  evolve: {
    AccountRegistered: (_, e) => ({ lifecycle: e.lifecycle }),
    AccountLifecycleChanged: (s, e) => ({ ...s, lifecycle: e.to }),
  },
  undo: {
    AccountRegistered: begun,
    AccountLifecycleChanged: e => part('lifecycle', call('changeAccountLifecycle', { lifecycle: e.from })),
  },
  commands: {
    registerAccount: define({
      creates: true,
      description: 'Registers an organisation.',
      input: { ...details, ...ownership, lifecycle: Lifecycle.optional() },
      decide: input => [events.AccountRegistered({ ...input, lifecycle: input.lifecycle ?? 'prospect' })],
    }),
    changeAccountLifecycle: define({
      description: 'Says whether it is a prospect, a customer or a former customer.',
      input: { lifecycle: Lifecycle },
      decide: ({ lifecycle }, s) =>
        s.lifecycle === lifecycle
          ? []
          : [events.AccountLifecycleChanged({ from: s.lifecycle, to: lifecycle })],
    }),
  },
});
