import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { issuesOf } from './support.ts';

const file = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');

test('the plan in the documentation is one', async () => {
  const [, json = ''] = /```json\n(.*?)```/s.exec(await file('docs/import.md')) ?? [];
  expect(issuesOf(JSON.parse(json))).toEqual([]);
});

test('the plan of the example is one', async () => {
  expect(issuesOf(JSON.parse(await file('examples/crm-sales/plan.json')))).toEqual([]);
});
