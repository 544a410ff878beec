/**
 * AccountTree: which account belongs to which, one stream a workspace, so that no two changes can make a circle.
 * Event shapes are a storage format: change one only by a new version and an upcaster.
 */
import { defineAggregate } from '../kernel/aggregate.ts';
import { command } from '../kernel/command.ts';
import { defineEvents, described } from '../kernel/events.ts';
import { emptyIdMap, type IdMap, lookUp, withEntry } from '../kernel/idMap.ts';
import { reject } from '../kernel/rejection.ts';
import { call, part } from '../kernel/undo.ts';
import { Id, Ref } from '../kernel/values.ts';

/** Levels from a root to its deepest descendant, both counted. */
const MAX_DEPTH = 10;

const events = defineEvents('accountTree', {
  AccountParentSet: described('An account was put under another one.', { accountId: Id, parentId: Id }),
  AccountParentCleared: described('An account became a root of its own.', { accountId: Id }),
});

/** The parent of each account that has one, and the children of each that has some. */
export type AccountTree = {
  readonly parents: IdMap<Id>;
  readonly children: IdMap<readonly Id[]>;
};

const define = command<AccountTree>();

export const accountTree = defineAggregate<AccountTree, typeof events>({
  category: 'accountTree',
  singleton: true,
  events,
  initial: { parents: emptyIdMap, children: emptyIdMap },
  evolve: {
    AccountParentSet: (s, e) => linked(unlinked(s, e.accountId), e.accountId, e.parentId),
    AccountParentCleared: (s, e) => unlinked(s, e.accountId),
  },
  undo: {
    AccountParentSet: ({ accountId }, s) => parentBack(s, accountId),
    AccountParentCleared: ({ accountId }, s) => parentBack(s, accountId),
  },
  commands: {
    setAccountParent: define({
      description: 'Puts an account under another one.',
      input: { accountId: Ref('account'), parentId: Ref('account') },
      decide: ({ accountId, parentId }, s) => {
        if (lookUp(s.parents, accountId) === parentId) return [];
        const above = ancestors(s, parentId);
        if (parentId === accountId || above.includes(accountId))
          return reject(
            'HIERARCHY_CYCLE',
            'an account cannot stand below itself; choose another parent',
            'parentId',
          );
        if (above.length + 1 + height(s, accountId) > MAX_DEPTH)
          return reject(
            'HIERARCHY_TOO_DEEP',
            `the tree would have more than ${MAX_DEPTH} levels`,
            'parentId',
          );
        return [events.AccountParentSet({ accountId, parentId })];
      },
    }),
    clearAccountParent: define({
      description: 'Makes an account a root of its own.',
      input: { accountId: Ref('account') },
      decide: ({ accountId }, s) =>
        lookUp(s.parents, accountId) ? [events.AccountParentCleared({ accountId })] : [],
    }),
  },
});

/** To the parent that the account has in this tree, or to none. */
function parentBack({ parents }: AccountTree, accountId: Id) {
  const parentId = lookUp(parents, accountId);
  const back = parentId
    ? call('setAccountParent', { accountId, parentId })
    : call('clearAccountParent', { accountId });
  return part(`parents.${accountId}`, back);
}

/** The accounts above one, nearest first. */
function ancestors({ parents }: AccountTree, accountId: Id): Id[] {
  const above: Id[] = [];
  let at = lookUp(parents, accountId);
  for (; at && above.length <= MAX_DEPTH; at = lookUp(parents, at)) above.push(at);
  return above;
}

/** Levels of the tree that hangs from an account, itself included. */
const height = (tree: AccountTree, accountId: Id): number =>
  1 + childrenOf(tree, accountId).reduce((most, child) => Math.max(most, height(tree, child)), 0);

const childrenOf = ({ children }: AccountTree, accountId: Id) => lookUp(children, accountId) ?? [];

const linked = (tree: AccountTree, accountId: Id, parentId: Id): AccountTree => ({
  parents: withEntry(tree.parents, accountId, parentId),
  children: withEntry(tree.children, parentId, [...childrenOf(tree, parentId), accountId]),
});

function unlinked(tree: AccountTree, accountId: Id): AccountTree {
  const parentId = lookUp(tree.parents, accountId);
  if (!parentId) return tree;
  const siblings = childrenOf(tree, parentId).filter(child => child !== accountId);
  return {
    parents: withEntry(tree.parents, accountId, undefined),
    children: withEntry(tree.children, parentId, siblings.length > 0 ? siblings : undefined),
  };
}
