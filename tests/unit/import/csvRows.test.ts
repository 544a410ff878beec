import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CsvRow, csvRows } from '../../../src/integrations/import/csvRows.ts';
import type { FilePlan } from '../../../src/integrations/import/plan.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'relata-csv-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function rows(content: string | Buffer, plan: Partial<FilePlan> = {}): Promise<CsvRow[]> {
  const path = join(folder, 'file.csv');
  await writeFile(path, content);
  const list: CsvRow[] = [];
  for await (const row of csvRows(path, { delimiter: ',', encoding: 'utf-8', ...plan })) list.push(row);
  return list;
}

/** `2: 1|2` for a row, `2!` for a malformed one. */
const told = (list: readonly CsvRow[]) =>
  list.map(row => ('cells' in row ? `${row.number}: ${row.cells.join('|')}` : `${row.number}!`));

test('rows are numbered as a spreadsheet shows them', async () => {
  expect(told(await rows('a,b\n1,"2\n3"\n\n4,5\n'))).toEqual(['1: a|b', '2: 1|2\n3', '4: 4|5']);
});

test('a BOM, CRLF and another delimiter are taken as they come', async () => {
  expect(told(await rows('\uFEFFa;b\r\n1;2,5\r\n', { delimiter: ';' }))).toEqual(['1: a|b', '2: 1|2,5']);
});

test('line ends may be of any kind, and mixed', async () => {
  expect(told(await rows('a,b\r\n1,2\n3,"4\r\n5"\r\n\r\n6,7'))).toEqual([
    '1: a|b',
    '2: 1|2',
    '3: 3|4\r\n5',
    '5: 6|7',
  ]);
  expect(told(await rows('a,b\r1,"x\r3,4\r\r5,6\r'))).toEqual(['1: a|b', '2!', '3: 3|4', '5: 5|6']);
});

test.each([
  ['windows-1252', Buffer.from('a,b\n\x80,\xe9\n', 'latin1')],
  ['utf-16le', Buffer.from('\uFEFFa,b\n€,é\n', 'utf16le')],
] as const)('%s is read', async (encoding, content) => {
  expect(told(await rows(content, { encoding }))).toEqual(['1: a|b', '2: €|é']);
});

describe('a malformed row costs itself alone', () => {
  test.each([
    ['too few cells', 'a,b\n1\n3,4\n', ['2!', '3: 3|4']],
    ['too many cells', 'a,b\n1,2,3\n3,4\n', ['2!', '3: 3|4']],
    ['a quote inside a cell', 'a,b\n1,5" pipe\n3,4\n', ['2!', '3: 3|4']],
    ['text after a closing quote', 'a,b\n1,"x"y\n3,4\n', ['2!', '3: 3|4']],
    ['a quote that is never closed', 'a,b\n1,"x\n3,4\n5,6\n', ['2!', '3: 3|4', '4: 5|6']],
    ['a quote that a later row closes', 'a,b\n1,"x\n3,4\n5,"6"\n7,8\n', ['2!', '3: 3|4', '4: 5|6', '5: 7|8']],
    ['one after the other', 'a,b\n1,"x\n\n2,"y\n3,4\n', ['2!', '4!', '5: 3|4']],
    ['the last one, without a line end', 'a,b\n3,4\n1,"x', ['2: 3|4', '3!']],
  ])('%s', async (_, content, expected) => {
    expect(told(await rows(content)).slice(1)).toEqual(expected);
  });

  test('also when an open quote runs on for megabytes', async () => {
    const long = Array.from({ length: 40_000 }, (_, i) => `${i},some text that is no secret`).join('\n');
    const list = await rows(`a,b\n1,"x\n${long}\n`);
    expect(list).toHaveLength(40_002);
    expect(told(list).slice(0, 3)).toEqual(['1: a|b', '2!', '3: 0|some text that is no secret']);
  });

  test('in utf-16le too', async () => {
    // One byte of ਊ and of Ċ is that of a line end.
    const content = Buffer.from('\uFEFFa,b\n1,"äਊĊ\n3,4\n', 'utf16le');
    expect(told(await rows(content, { encoding: 'utf-16le' }))).toEqual(['1: a|b', '2!', '3: 3|4']);
  });
});

test('whatever is written as CSV is read back', async () => {
  const cell = fc.string({ unit: 'grapheme' }).filter(text => text.trim() === text && text !== '');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 20 }), async table => {
      const content = stringify(table, { quoted: true });
      const read = await rows(content);
      expect(read.map(row => ('cells' in row ? row.cells : row.malformed))).toEqual(table);
    }),
    { numRuns: 50 },
  );
});

test('the bytes of the last row are those of the file', async () => {
  const content = 'a,b\n1,2\n3,"é\n';
  expect((await rows(content)).at(-1)?.bytes).toBe(Buffer.byteLength(content));
});
