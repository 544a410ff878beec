import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AccountTree, accountTree } from '../../../../src/domain/customers/accountTree.ts';
import { lookUp } from '../../../../src/domain/kernel/idMap.ts';
import { isRejection } from '../../../../src/domain/kernel/rejection.ts';
import { decide, fold } from '../../../support/decider.ts';
import { id } from '../../../support/ids.ts';

const ACCOUNTS = Array.from({ length: 16 }, (_, n) => id(n));
const account = fc.constantFrom(...ACCOUNTS);
/** Mostly links that make long lines, which is what depth and circles are about. */
const wish = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 14 }).map(n => ({ accountId: id(n + 1), parentId: id(n) })) },
  { weight: 3, arbitrary: fc.record({ accountId: account, parentId: account }) },
  { weight: 1, arbitrary: fc.record({ accountId: account }) },
);

/** The accounts above one, by the model alone; it throws on a circle. */
function above(parents: ReadonlyMap<string, string>, of: string): string[] {
  const found: string[] = [];
  for (let at = parents.get(of); at; at = parents.get(at)) {
    if (at === of || found.includes(at)) throw new Error('a circle');
    found.push(at);
  }
  return found;
}
const levels = (parents: ReadonlyMap<string, string>) =>
  Math.max(...ACCOUNTS.map(each => above(parents, each).length + 1));

function expectMirror({ parents, children }: AccountTree, model: ReadonlyMap<string, string>): void {
  for (const each of ACCOUNTS) {
    expect(lookUp(parents, each)).toBe(model.get(each));
    const expected = ACCOUNTS.filter(child => model.get(child) === each);
    expect([...(lookUp(children, each) ?? [])].sort()).toEqual(expected);
  }
}

test('a tree has no circle and at most ten levels, and a link is refused for nothing else', () =>
  fc.assert(
    fc.asyncProperty(fc.array(wish, { maxLength: 80 }), async wishes => {
      const model = new Map<string, string>();
      let folded = accountTree.initial;
      for (const input of wishes) {
        const command = 'parentId' in input ? 'setAccountParent' : 'clearAccountParent';
        const decision = await decide(accountTree, folded, command, input);
        const wanted = new Map(model);
        if ('parentId' in input) wanted.set(input.accountId, input.parentId);
        else wanted.delete(input.accountId);

        if (isRejection(decision)) {
          if (decision.code === 'HIERARCHY_CYCLE') expect(() => levels(wanted)).toThrow('a circle');
          else expect(levels(wanted)).toBeGreaterThan(10);
          continue;
        }
        expect(levels(wanted)).toBeLessThanOrEqual(10);
        folded = fold(accountTree, decision, folded);
        model.clear();
        for (const [child, parent] of wanted) model.set(child, parent);
        expectMirror(folded.state, model);
        expect(await decide(accountTree, folded, command, input)).toEqual([]);
      }
    }),
    { numRuns: 60 },
  ));
