import { describe, expect, test } from 'vitest';
import { parsePlan } from '../../../src/integrations/import/readPlan.ts';
import { ordersWith, shopFiles, shopJson } from './shop.ts';
import { ALL, useShop } from './shopWorld.ts';

const { events, importShop, types, write } = useShop();

test('every row comes in once, by the import, at its own time', async () => {
  const { count, position } = await importShop();
  expect(await types()).toEqual(ALL);
  expect([count('rows'), count('rejected')]).toEqual([16, 0]);
  const all = await events();
  expect(position).toBe(all.at(-1)?.position);
  expect(new Set(all.map(({ actor }) => `${actor.type} ${actor.id}`))).toEqual(new Set(['import shop']));
  expect(new Set(all.map(({ correlationId }) => correlationId)).size).toBe(1);
  const lost = all.find(({ type }) => type === 'OpportunityLost');
  expect(lost?.occurredAt).toBe('2021-02-02T00:00:00.000Z');
});

test('repairs are reported row by row', async () => {
  const { report } = await importShop();
  expect(report.map(line => [line.file, line.row, line.outcome, line.column, line.code, line.value])).toEqual(
    [
      ['orders.csv', '5', 'repaired', 'customer', 'EMPTY', ''],
      ['orders.csv', '5', 'repaired', 'state', 'ALIAS', 'verkauft'],
    ],
  );
});

test('a second import changes nothing, also in another process', async () => {
  const first = await importShop();
  const again = await importShop();
  expect(await types()).toEqual(ALL);
  expect([again.count('imported'), again.count('unchanged'), again.count('rejected')]).toEqual([0, 16, 0]);
  expect(again.position).toBe(first.position);
});

test('rows that are new come in, the others stay', async () => {
  await importShop();
  await write({ 'orders.csv': `${shopFiles['orders.csv']}5,Ida,,open,2021-03-01,,,\n` });
  const { passes } = await importShop();
  expect(passes.at(-1)).toMatchObject({ rows: 5, imported: 1, unchanged: 4, rejected: 0 });
});

test('rows may stand in another order: their number means nothing', async () => {
  await importShop();
  const [header = '', ...rows] = shopFiles['orders.csv'].trim().split('\n');
  await write({ 'orders.csv': [header, ...rows.toReversed()].join('\n') });
  expect((await importShop()).count('imported')).toBe(0);
});

describe('a row that has changed since its import answers CHANGED_SINCE_IMPORT', () => {
  test.each([
    ['another value', '100,', '101,', 'winOpportunity'],
    ['another time', '2021-01-01', '2021-01-02', 'openOpportunity'],
    ['another owner', '1,Ida', '1,Jo', 'openOpportunity'],
    ['lost, not won', '1,Ida,Anna,sold', '1,Ida,Anna,gone', 'loseOpportunity'],
    ['open, not won', '1,Ida,Anna,sold', '1,Ida,Anna,open', 'winOpportunity'],
  ])('%s', async (_, before, after, command) => {
    await importShop();
    await write(ordersWith(before, after));
    const { report, passes } = await importShop();
    expect(passes.at(-1)).toMatchObject({ imported: 0, unchanged: 3, rejected: 1 });
    expect(report.find(({ outcome }) => outcome === 'rejected')).toMatchObject({
      row: '2',
      code: 'CHANGED_SINCE_IMPORT',
      what_to_do: expect.stringContaining(command),
    });
    expect(await types()).toEqual(ALL);
  });

  test('but one that only went on goes on', async () => {
    await importShop();
    await write(ordersWith('3,Kim,Anna,open,2021-01-03,,', '3,Kim,Anna,sold,2021-01-03,2021-04-01,7'));
    expect((await importShop()).passes.at(-1)).toMatchObject({ imported: 1, unchanged: 3 });
    expect(await types()).toEqual({ ...ALL, OpportunityWon: 3 });
  });
});

test('one key twice in a file: the same is a repeat, anything else is refused', async () => {
  await write({ 'customers.csv': 'name,size\nAnna,1\nAnna,1\nBeate GmbH,12\nAnna,2\n' });
  const { passes, report } = await importShop();
  expect(passes[1]).toMatchObject({ rows: 4, imported: 2, unchanged: 1, rejected: 1 });
  expect(report[0]).toMatchObject({ file: 'customers.csv', row: '5', code: 'CHANGED_SINCE_IMPORT' });
});

describe('a bad row is rejected whole, and the rest goes on', () => {
  test.each([
    ['a bad date', '2021-02-01', 'soon', 'closed', 'BAD_DATE'],
    ['no closing date', '2021-02-01', '', 'closed', 'EMPTY'],
    ['a time that goes back', '2021-02-01', '2020-02-01', 'closed', 'OCCURRED_BEFORE_LAST'],
    ['an unknown state', 'sold', 'lent', 'state', 'VALUE_UNKNOWN'],
    ['a bad amount', '100,', '1e2,', 'worth', 'VALIDATION'],
    ['a customer that is in no file', '1,Ida,Anna', '1,Ida,Nobody', 'customer', 'REFERENCE_NOT_FOUND'],
    ['a missing cell', '100,\n', '100\n', '', 'MALFORMED'],
    ['a lonely quote', '1,Ida', '1,"Ida', '', 'MALFORMED'],
  ])('%s', async (_, before, after, column, code) => {
    await write(ordersWith(before, after));
    const { passes, report } = await importShop();
    expect(passes.at(-1)).toMatchObject({ rows: 4, imported: 3, rejected: 1 });
    const told = report.filter(({ row }) => row === '2');
    expect(told).toEqual([expect.objectContaining({ outcome: 'rejected', column, code })]);
    expect(await types()).toEqual({ ...ALL, OpportunityOpened: 3, OpportunityWon: 1 });
  });

  test('and once it is corrected, it alone comes in', async () => {
    await write(ordersWith('2021-02-01', 'soon'));
    await importShop();
    await write(shopFiles);
    expect((await importShop()).passes.at(-1)).toMatchObject({ imported: 1, unchanged: 3 });
    expect(await types()).toEqual(ALL);
  });
});

test('columns that are ignored need no name', async () => {
  await write({ 'sellers.csv': 'seller,team,,\nIda,North,,\nJo,North,,x\nKim,South,,\n' });
  const sellers = { file: 'sellers.csv', ignore: [''] };
  const plan = parsePlan({ ...shopJson, files: { ...shopJson.files, sellers } });
  await importShop({ plan });
  expect(await types()).toEqual(ALL);
});

test('a dry run checks every row and writes nothing', async () => {
  await write(ordersWith('Anna,sold', 'Nobody,sold'));
  const { count, passes, report, position } = await importShop({ connect: undefined });
  expect(await types()).toEqual({});
  expect(position).toBeUndefined();
  expect(passes.at(-1)).toMatchObject({ rows: 4, imported: 3, rejected: 1, repaired: 1 });
  expect(count('rows')).toBe(16);
  expect(report).toContainEqual(
    expect.objectContaining({ row: '2', code: 'REFERENCE_NOT_FOUND', value: 'Nobody' }),
  );
});
