import { describe, expect, test } from 'vitest';
import { parsePlan } from '../../../src/integrations/import/readPlan.ts';
import { useShop } from './shopWorld.ts';

const { events, importShop, types, watched, write } = useShop();

describe('a row is through before a later one that concerns the same record, however slow it is', () => {
  const register = (name: object) => ({
    command: 'registerAccount',
    at: { constant: '2020-01-01' },
    input: { name },
  });
  const planWith = (step: object) =>
    parsePlan({
      version: 1,
      name: 'slow',
      files: { customers: { file: 'customers.csv' } },
      records: [
        { kind: 'customer', key: { constant: 'only' }, steps: [register({ constant: 'Root' })] },
        {
          kind: 'customer',
          file: 'customers',
          key: 'name',
          steps: [register({ column: 'name' }), step],
        },
      ],
    });
  const root = { ref: 'customer', constant: 'only' };
  const own = { ref: 'customer', column: 'name' };

  /** The command that registers Anna takes much longer than all others. */
  const connect = watched(async ({ input }) => {
    if (!JSON.stringify(input).includes('"name":"Anna"')) return;
    for (let i = 0; i < 10; i++) await events();
  });

  test('that it refers to', async () => {
    await write({ 'customers.csv': 'name,parent\nAnna,\nBeate,Anna\n' });
    const parent = {
      command: 'setAccountParent',
      when: { parent: { empty: false } },
      input: { accountId: own, parentId: { ref: 'customer', column: 'parent' } },
    };
    const { report } = await importShop({ plan: planWith(parent), connect });
    expect(report).toEqual([]);
    expect(await types()).toEqual({ AccountRegistered: 3, AccountParentSet: 1 });
  });

  const at = { column: 'met' };
  test.each([
    [
      'that both name',
      { command: 'tagAccount', on: root, at, input: { 'tags.0': { column: 'name' } } },
      'AccountTagApplied',
    ],
    [
      'that the workspace has only one of',
      { command: 'setAccountParent', at, input: { accountId: own, parentId: root } },
      'AccountParentSet',
    ],
  ])('%s', async (_, step, type) => {
    // The other way round the second would be refused: it happened before.
    await write({ 'customers.csv': 'name,met\nAnna,2021-01-01\nBeate,2021-01-02\n' });
    const { report } = await importShop({ plan: planWith(step), connect });
    expect(report).toEqual([]);
    expect(await types()).toEqual({ AccountRegistered: 3, [type]: 2 });
  });
});
