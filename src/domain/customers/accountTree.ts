/**
 * AccountTree: which account belongs to which, one stream a workspace, so that no two changes can make a circle.
 * Event shapes are a storage format: change one only by a new version and an upcaster.
 */
import { defineAggregate } from '../kernel/aggregate.ts';
import { command } from '../kernel/command.ts';
import { defineEvents } from '../kernel/events.ts';
import { reject } from '../kernel/rejection.ts';
import { Id, Ref } from '../kernel/values.ts';

/** Levels from a root to its deepest descendant, both counted. */
const MAX_DEPTH = 10;

const events = defineEvents('accountTree', {
  AccountParentSet: { accountId: Id, parentId: Id },
  AccountParentCleared: { accountId: Id },
});

/** The parent of each account that has one, and the children of each that has some. */
export type AccountTree = {
  readonly parents: ReadonlyMap<Id, Id>;
  readonly children: ReadonlyMap<Id, readonly Id[]>;
};

const define = command<AccountTree>();

export const accountTree = defineAggregate<AccountTree, typeof events>({
  category: 'accountTree',
  singleton: true,
  events,
  initial: { parents: new Map(), children: new Map() },
  evolve: {
    AccountParentSet: (s, e) => linked(unlinked(s, e.accountId), e.accountId, e.parentId),
    AccountParentCleared: (s, e) => unlinked(s, e.accountId),
  },
  commands: {
    setAccountParent: define({
      description: 'Puts an account under another one.',
      input: { accountId: Ref('account'), parentId: Ref('account') },
      decide: ({ accountId, parentId }, s) => {
        if (s.parents.get(accountId) === parentId) return [];
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
        s.parents.has(accountId) ? [events.AccountParentCleared({ accountId })] : [],
    }),
  },
});

/** The accounts above one, nearest first. */
function ancestors({ parents }: AccountTree, accountId: Id): Id[] {
  const above: Id[] = [];
  for (let at = parents.get(accountId); at && above.length <= MAX_DEPTH; at = parents.get(at)) above.push(at);
  return above;
}

/** Levels of the tree that hangs from an account, itself included. */
const height = (tree: AccountTree, accountId: Id): number =>
  1 + Math.max(0, ...(tree.children.get(accountId) ?? []).map(child => height(tree, child)));

function linked({ parents, children }: AccountTree, accountId: Id, parentId: Id): AccountTree {
  return {
    parents: new Map(parents).set(accountId, parentId),
    children: new Map(children).set(parentId, [...(children.get(parentId) ?? []), accountId]),
  };
}

function unlinked(tree: AccountTree, accountId: Id): AccountTree {
  const parentId = tree.parents.get(accountId);
  if (!parentId) return tree;
  const parents = new Map(tree.parents);
  parents.delete(accountId);
  const siblings = (tree.children.get(parentId) ?? []).filter(child => child !== accountId);
  return { parents, children: new Map(tree.children).set(parentId, siblings) };
}
