import { expect, test } from 'vitest';
import { createDryRun } from '../../../src/integrations/import/dryRun.ts';
import { bakery, changed, evaluate } from './support.ts';

const cells = { name: 'Zum Korn', kind: 'shop', since: '1.3.2020', yearly: '5', city: 'Ulm', note: '' };
const withParent = changed(bakery(), 'records/0/steps/1', {
  command: 'setAccountParent',
  when: { note: { empty: false } },
  input: { accountId: { ref: 'customer', column: 'name' }, parentId: { ref: 'customer', column: 'note' } },
});

const outcomeOf = async (settle: ReturnType<typeof createDryRun>, more: Partial<typeof cells>) => {
  const { outcome, problems } = await settle(evaluate(withParent, { ...cells, ...more }));
  return [outcome, ...problems.map(({ code, column }) => `${code} ${column}`)];
};

test('a key that comes again is a repeat when it says the same, and a change when it does not', async () => {
  const settle = createDryRun();
  expect(await outcomeOf(settle, {})).toEqual(['imported']);
  expect(await outcomeOf(settle, {})).toEqual(['unchanged']);
  expect(await outcomeOf(settle, { city: 'Bonn' })).toEqual(['rejected', 'CHANGED_SINCE_IMPORT ']);
});

test('a reference needs a row before it', async () => {
  const settle = createDryRun();
  expect(await outcomeOf(settle, { note: 'Zum Brot' })).toEqual(['rejected', 'REFERENCE_NOT_FOUND note']);
  expect(await outcomeOf(settle, { name: 'Zum Brot' })).toEqual(['imported']);
  expect(await outcomeOf(settle, { name: 'Zum Mehl', note: 'Zum Brot' })).toEqual(['imported']);
});

test('beyond its memory it leaves both to the import', async () => {
  const settle = createDryRun(1);
  expect(await outcomeOf(settle, {})).toEqual(['imported']);
  expect(await outcomeOf(settle, { name: 'Zum Mehl', note: 'Nobody' })).toEqual(['imported']);
});
