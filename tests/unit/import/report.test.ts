import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openReport } from '../../../src/integrations/import/report.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relata-report-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('it never takes the place of a file that is imported, by whatever name', async () => {
  const [input, link] = [join(folder, 'customers.csv'), join(folder, 'link.csv')];
  await writeFile(input, 'name\nAnna\n');
  await symlink(input, link);
  for (const path of [input, link])
    await expect(openReport(path, [input])).rejects.toMatchObject({
      code: 'REPORT_UNWRITABLE',
      message: expect.stringContaining('would replace a file of the import'),
    });
  expect(await readFile(input, 'utf8')).toBe('name\nAnna\n');
});

test('a full disk shows itself before anything is imported', async () => {
  await expect(openReport('/dev/full', [])).rejects.toMatchObject({
    code: 'REPORT_UNWRITABLE',
    message: expect.stringMatching(/ENOSPC.*name another file/),
  });
});

test('cells that a spreadsheet would take for formulas are no formulas', async () => {
  const path = join(folder, 'report.csv');
  const report = await openReport(path, []);
  const finding = { column: 'name', code: 'VALIDATION', value: '=1+1', advice: 'correct it' };
  await report.add('a.csv', {
    number: 2,
    outcome: 'rejected',
    problems: [finding],
    repairs: [],
    position: undefined,
  });
  await report.close();
  expect(await readFile(path, 'utf8')).toBe(
    "file,row,outcome,column,code,value,what_to_do\na.csv,2,rejected,name,VALIDATION,'=1+1,correct it\n",
  );
});
