import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeImportFiles } from '../../../bench/support/importFiles.ts';
import { loadCatalog } from '../../../src/eventstore/catalog.ts';
import { readPlan } from '../../../src/integrations/import/readPlan.ts';
import { runImport } from '../../../src/integrations/import/runImport.ts';

test('the files fit their plan: a dry run finds nothing to reject', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'relata-import-files-'));
  onTestFinished(() => rm(parent, { recursive: true }));
  const { plan, folder } = await writeImportFiles(join(parent, 'files'), 400);
  const { passes } = await runImport({
    plan: await readPlan(plan),
    folder,
    catalog: await loadCatalog(),
    workspaceId: 'default',
    now: () => new Date(),
  });
  const counts = passes.map(({ title, rows, imported }) => [title, rows, imported]);
  expect(counts).toEqual([
    [expect.any(String), 1, 1],
    [expect.any(String), 500, 500],
    [expect.any(String), 30, 30],
    [expect.any(String), 400, 400],
  ]);
});
