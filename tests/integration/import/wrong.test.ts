import { describe, expect, test } from 'vitest';
import { parsePlan } from '../../../src/integrations/import/readPlan.ts';
import { shopJson } from './shop.ts';
import { useShop } from './shopWorld.ts';
import { folderOf } from './support.ts';

const { importShop, pathOf, types, write } = useShop();

describe('what is wrong as a whole stops before the first write', () => {
  test.each([
    [
      'an unknown column',
      { 'sellers.csv': 'seller,team,age\nIda,North,7\n' },
      'FILE_COLUMNS',
      'does nothing with column "age"',
    ],
    [
      'a missing column',
      { 'orders.csv': 'id,seller\n1,Ida\n' },
      'FILE_COLUMNS',
      'it has no column "customer"',
    ],
    [
      'another delimiter',
      { 'sellers.csv': 'seller;team\nIda;North\n' },
      'FILE_COLUMNS',
      'name the delimiter',
    ],
    [
      'a column twice',
      { 'sellers.csv': 'seller,team,team\n' },
      'FILE_COLUMNS',
      'two of its columns have one name',
    ],
    ['an empty file', { 'sellers.csv': '' }, 'FILE_COLUMNS', 'it has no column "seller"'],
    [
      'a column without a name',
      { 'sellers.csv': 'seller,team,,\nIda,North,,\n' },
      'FILE_COLUMNS',
      'put "" under "ignore"',
    ],
    [
      'another encoding',
      { 'sellers.csv': '\uFEFFseller,team\nIda,North\n' },
      'FILE_COLUMNS',
      'by its first bytes it is utf-8, and the plan says windows-1252; write "encoding": "utf-8" into the plan',
      {
        ...shopJson,
        files: { ...shopJson.files, sellers: { file: 'sellers.csv', encoding: 'windows-1252' } },
      },
    ],
  ])('%s', async (_, files, code, reason, json: unknown = shopJson) => {
    await write(files);
    await expect(importShop({ plan: parsePlan(json) })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(reason),
    });
    expect(await types()).toEqual({});
  });

  test('a missing file', async () => {
    const other = await folderOf({});
    const missing = importShop({ folder: other.path });
    await expect(missing).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: /There is no file .*customers\.csv/,
    });
    await other.close();
  });

  test('a report that cannot be written', async () => {
    const options = { reportFile: pathOf('nowhere/report.csv') };
    await expect(importShop(options)).rejects.toMatchObject({ code: 'REPORT_UNWRITABLE' });
    expect(await types()).toEqual({});
  });

  test('a report in the place of a file that is imported', async () => {
    const options = { reportFile: pathOf('customers.csv') };
    await expect(importShop(options)).rejects.toMatchObject({ code: 'REPORT_UNWRITABLE' });
    expect((await importShop()).count('rows')).toBe(16);
  });

  test('a constant record that a rule refuses', async () => {
    const json = structuredClone(shopJson);
    const constants = json.records[0]?.steps[0]?.input as Record<string, unknown>;
    constants['stages.2.category'] = { constant: 'won' };
    const bad = importShop({ plan: parsePlan(json) });
    await expect(bad).rejects.toMatchObject({ code: 'PLAN_INVALID', message: /exactly one won stage/ });
    expect(await types()).toEqual({});
  });
});
