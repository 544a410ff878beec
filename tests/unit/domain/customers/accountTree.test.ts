import { describe, expect, test } from 'vitest';
import { accountTree } from '../../../../src/domain/customers/accountTree.ts';
import { lookUp } from '../../../../src/domain/kernel/idMap.ts';
import { given } from '../../../support/decider.ts';
import { ACME, GLOBEX, INITECH, id } from '../../../support/ids.ts';

const { events } = accountTree;
const set = (accountId: string, parentId: string) => events.AccountParentSet({ accountId, parentId });
const cleared = (accountId: string) => events.AccountParentCleared({ accountId });
/** A line of accounts: the first is the root. */
const chain = (from: number, length: number) =>
  Array.from({ length: length - 1 }, (_, n) => set(id(from + n + 1), id(from + n)));

describe('setAccountParent', () => {
  const put = (accountId: string, parentId: string, ...past: ReturnType<typeof set>[]) =>
    given(accountTree, ...past).when('setAccountParent', { accountId, parentId });

  test('puts an account under another', () => put(ACME, GLOBEX).thenEvents(set(ACME, GLOBEX)));
  test('moves it to another parent', () =>
    put(ACME, INITECH, set(ACME, GLOBEX)).thenEvents(set(ACME, INITECH)));
  test('says nothing when it is so already', () => put(ACME, GLOBEX, set(ACME, GLOBEX)).thenNothing());
  test('an account is not its own parent', () => put(ACME, ACME).thenRejected('HIERARCHY_CYCLE', 'parentId'));
  test('nor the parent of its parent', () =>
    put(ACME, GLOBEX, set(GLOBEX, ACME)).thenRejected('HIERARCHY_CYCLE', 'parentId'));
  test('nor of any account above it', () =>
    put(id(1), id(9), ...chain(1, 9)).thenRejected('HIERARCHY_CYCLE'));
  test('ten levels are allowed, eleven are not', async () => {
    await put(id(10), id(9), ...chain(1, 9)).thenEvents(set(id(10), id(9)));
    await put(id(11), id(10), ...chain(1, 10)).thenRejected('HIERARCHY_TOO_DEEP', 'parentId');
  });
  test('the levels below it count too', async () => {
    const both = [...chain(0x100, 5), ...chain(0x200, 6)];
    await put(id(0x200), id(0x103), ...both).thenEvents(set(id(0x200), id(0x103)));
    await put(id(0x200), id(0x104), ...both).thenRejected('HIERARCHY_TOO_DEEP');
  });
  test('the deepest branch counts, not the first', () =>
    put(id(0x200), id(0x106), ...chain(0x100, 7), ...chain(0x200, 4), set(id(0x300), id(0x200))).thenRejected(
      'HIERARCHY_TOO_DEEP',
    ));
  test('what was taken away counts no longer', () =>
    put(id(0x200), id(0x106), ...chain(0x100, 7), ...chain(0x200, 4))
      .thenRejected('HIERARCHY_TOO_DEEP')
      .then(() =>
        given(accountTree, ...chain(0x100, 7), ...chain(0x200, 4), cleared(id(0x203)))
          .when('setAccountParent', { accountId: id(0x200), parentId: id(0x106) })
          .thenEvents(set(id(0x200), id(0x106))),
      ));
  test('a hundred thousand children are no trouble', () => {
    const wide = Array.from({ length: 200_000 }, (_, n) => id(n + 0x10000));
    const tree = {
      parents: given(accountTree, set(wide[0]!, ACME)).state.parents,
      children: childrenOf(ACME, wide),
    };
    const { setAccountParent } = accountTree.commands;
    const decide = setAccountParent?.decide as unknown as (input: object, s: object) => unknown;
    expect(decide({ accountId: ACME, parentId: GLOBEX }, tree)).toEqual([set(ACME, GLOBEX)]);
  });
});

/** A tree's `children` of one parent. */
const childrenOf = (parentId: string, children: readonly string[]) =>
  given(accountTree, set(id(1), parentId)).state.children.map(part =>
    part.has(parentId) ? new Map([[parentId, children]]) : part,
  );

describe('clearAccountParent', () => {
  test('makes it a root', () =>
    given(accountTree, set(ACME, GLOBEX))
      .when('clearAccountParent', { accountId: ACME })
      .thenEvents(cleared(ACME)));
  test.each([[[]], [[set(ACME, GLOBEX), cleared(ACME)]], [[set(GLOBEX, ACME)]]])(
    'says nothing when it is one already',
    past =>
      given(accountTree, ...past)
        .when('clearAccountParent', { accountId: ACME })
        .thenNothing(),
  );
});

describe('a tree after', () => {
  const { state } = given(accountTree, set(ACME, GLOBEX), set(INITECH, GLOBEX), set(ACME, INITECH));

  test('AccountParentSet knows parents and children', () => {
    expect(lookUp(state.parents, ACME)).toBe(INITECH);
    expect(lookUp(state.children, GLOBEX)).toEqual([INITECH]);
    expect(lookUp(state.children, INITECH)).toEqual([ACME]);
  });
  test('AccountParentCleared has forgotten both ends', () => {
    const events = [set(ACME, GLOBEX), cleared(ACME)];
    expect(given(accountTree, ...events).state).toEqual(accountTree.initial.state);
  });
});
