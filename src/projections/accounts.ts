/** One row an account, with history. */
import { type Address, account, Lifecycle } from '../domain/customers/account.ts';
import { choice, int, json, money, searchable, text } from './columns.ts';
import { recordModel } from './readModel.ts';

export const accounts = recordModel('accounts', account, {
  version: 2,
  columns: {
    name: searchable(text),
    domain: searchable(text.optional),
    industry: text.optional,
    employees: int.optional,
    annualRevenue: money.optional,
    foundedYear: int.optional,
    taxId: searchable(text.optional),
    phone: searchable(text.optional),
    addresses: json<readonly Address[]>().optional,
    lifecycle: choice('AccountLifecycle', Lifecycle.options),
  },
  indexes: [['name'], ['ownerId'], ['createdAt']],
  on: {
    AccountRegistered: (_, { data }) => ({ lifecycle: data.lifecycle }),
    AccountLifecycleChanged: (_, { data }) => ({ lifecycle: data.to }),
  },
});
