import { expect, test } from 'vitest';
import { SELLING, seller } from '../../../bench/support/seller.ts';

const records = {
  stageIds: ['first', 'second', 'third'],
  accountIds: ['acme', 'globex'],
  userIds: ['ann'],
  targets: [
    { id: 'a', stageId: 'first' },
    { id: 'b', stageId: 'second' },
  ],
};
type Input = { readonly id?: string; readonly stageId?: string };

test('each kind comes in turn, and no step is true already', () => {
  const next = seller(SELLING, records);
  const stages = new Map(records.targets.map(({ id, stageId }) => [id, stageId]));
  const kinds = new Map<string, number>();
  for (let i = 0; i < 100; i++) {
    const { query, variables, done } = next();
    kinds.set(query, (kinds.get(query) ?? 0) + 1);
    const { id, stageId } = variables.input as Input;
    if (id !== undefined && stageId !== undefined) {
      expect(stageId).not.toBe(stages.get(id));
      stages.set(id, stageId);
    }
    if (query.includes('openOpportunity')) {
      stages.set(`opened ${i}`, stageId ?? '');
      done(`opened ${i}`);
    }
  }
  expect([...kinds.values()]).toEqual(SELLING.map(() => 100 / SELLING.length));
  expect(stages.size).toBe(22);
});

test('with nothing to go on with it opens an opportunity', () => {
  const { query } = seller(['move'], { ...records, targets: [] })();
  expect(query).toContain('openOpportunity');
});
