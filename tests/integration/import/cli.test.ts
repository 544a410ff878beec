import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { importCommand } from '../../../src/integrations/import/cli.ts';
import { ordersWith, shopFiles, shopJson } from './shop.ts';
import { folderOf, openWorld, readReport, type World } from './support.ts';

let world: World;
let folder: Awaited<ReturnType<typeof folderOf>>;
let workspaces = 0;
const seen: string[] = [];

beforeAll(async () => {
  world = await openWorld();
  folder = await folderOf({ 'plan.json': JSON.stringify(shopJson) });
});
afterAll(async () => {
  await world.close();
  await folder.close();
});
beforeEach(async () => {
  workspaces += 1;
  seen.length = 0;
  await folder.write(shopFiles);
});

async function relataImport(...args: string[]) {
  let [out, err] = ['', ''];
  const code = await importCommand({
    args,
    cwd: folder.path,
    catalog: world.catalog,
    workspaceId: `cli-${workspaces}`,
    connect: async () => {
      seen.push('connected');
      return {
        ...world.writeSide(),
        visible: async () => void seen.push('visible'),
        close: async () => void seen.push('closed'),
      };
    },
    now: () => new Date(),
    out: { write: text => (out += text) },
    err: { write: text => (err += text) },
  });
  return { code, out, err };
}

test('0: all came in, and the read models have passed it', async () => {
  const { code, out } = await relataImport('plan.json', '--from', '.');
  expect([code, seen]).toEqual([0, ['connected', 'visible', 'closed']]);
  expect(out).toMatch(/shop: 16 rows in/);
  const again = await relataImport('plan.json', '--from', '.');
  expect([again.code, again.out.includes('Nothing changed')]).toEqual([0, true]);
});

test('2: some rows were rejected, and the report says why', async () => {
  await folder.write(ordersWith('100,', 'much,'));
  const { code, out } = await relataImport('plan.json', '--from', '.', '--report', 'why.csv');
  expect(code).toBe(2);
  expect(out).toContain(`1 row was rejected; ${join(folder.path, 'why.csv')} says why`);
  expect(await readReport(join(folder.path, 'why.csv'))).toHaveLength(3);
});

test.each([
  ['no plan', ['--from', '.'], 'Name one plan'],
  ['no folder', ['plan.json'], 'Say with --from which folder'],
  ['an unknown option', ['plan.json', '--from', '.', '--force'], 'Usage: npm run relata -- import'],
  ['a plan that is not there', ['nowhere.json', '--from', '.'], "nowhere.json can't be read"],
  ['a plan that is no JSON', ['orders.csv', '--from', '.'], 'is no JSON'],
  ['a folder that is not there', ['plan.json', '--from', 'nowhere'], 'There is no file'],
  [
    'a report in the place of the plan',
    ['plan.json', '--from', '.', '--report', 'plan.json'],
    'would replace a file of the import',
  ],
])('1, and nothing is reached: %s', async (_, args, sentence) => {
  const { code, err } = await relataImport(...args);
  expect([code, seen]).toEqual([1, []]);
  expect(err).toContain(sentence);
});

test('1: every issue of a plan is told', async () => {
  await folder.write({ 'bad.json': JSON.stringify({ ...shopJson, name: 'A B', zone: 7 }) });
  const { code, err } = await relataImport('bad.json', '--from', '.');
  expect(code).toBe(1);
  expect(err).toMatch(/^The plan can't be used: name: must hold .*\(and 1 more\)\n {2}zone: /);
});

test('a dry run reaches nothing', async () => {
  const { code, out } = await relataImport('plan.json', '--from', '.', '--dry-run');
  expect([code, seen]).toEqual([0, []]);
  expect(out).toContain('This was a dry run: nothing was written.');
});
