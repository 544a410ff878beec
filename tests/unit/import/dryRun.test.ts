import { expect, test } from 'vitest';
import { createDryRun } from '../../../src/integrations/import/dryRun.ts';
import { changed, evaluate, withParents } from './support.ts';

const cells = { name: 'Zum Korn', kind: 'shop', since: '1.3.2020', yearly: '5', city: 'Ulm', note: '' };
const plan = changed(withParents('note'), 'files/customers/ignore', []);
const sellers = {
  kind: 'seller',
  key: { constant: 'only' },
  steps: [{ command: 'inviteUser', input: { name: { constant: 'Ida' } } }],
};

const outcomeOf = async (
  settle: ReturnType<typeof createDryRun>,
  more: Partial<typeof cells>,
  json = plan,
) => {
  const { outcome, problems } = await settle(evaluate(json, { ...cells, ...more }));
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

test('a row that goes back on what an earlier one said has changed', async () => {
  const settle = createDryRun();
  expect(await outcomeOf(settle, { name: 'Zum Brot' })).toEqual(['imported']);
  expect(await outcomeOf(settle, { note: 'Zum Brot' })).toEqual(['imported']);
  expect(await outcomeOf(settle, { note: '' })).toEqual(['rejected', 'CHANGED_SINCE_IMPORT note']);
});

test('what a refused step would have made is not there', async () => {
  const withOwner = changed(
    { ...plan, records: [sellers, ...(plan.records as object[])] },
    'records/2/steps/0/input/ownerId',
    { ref: 'seller', column: 'kind' },
  );
  const settle = createDryRun();
  expect(await outcomeOf(settle, {}, withOwner)).toEqual(['rejected', 'REFERENCE_NOT_FOUND kind']);
  const referring = { name: 'Zum Mehl', kind: '', note: 'Zum Korn' };
  expect(await outcomeOf(settle, referring, withOwner)).toEqual(['rejected', 'REFERENCE_NOT_FOUND note']);
});

test('beyond its memory it leaves both to the import', async () => {
  const settle = createDryRun(1);
  expect(await outcomeOf(settle, {})).toEqual(['imported']);
  expect(await outcomeOf(settle, { name: 'Zum Mehl', note: 'Nobody' })).toEqual(['imported']);
});
