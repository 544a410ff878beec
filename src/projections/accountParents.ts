/** The account tree: one row for each account that stands below another, with history. The row's id is the account's. */
import { accountTree } from '../domain/customers/accountTree.ts';
import { ref } from './columns.ts';
import { keyedModel } from './readModel.ts';

export const accountParents = keyedModel('accountParents', accountTree, {
  version: 1,
  columns: { parentId: ref('account') },
  indexes: [['parentId']],
  on: {
    AccountParentSet: {
      keys: ({ data }) => [data.accountId],
      evolve: (_, { data }) => ({ parentId: data.parentId }),
    },
    AccountParentCleared: { keys: ({ data }) => [data.accountId], evolve: () => null },
  },
});
