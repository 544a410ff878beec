/**
 * Files brought in by the command line, attached to a running instance: rows a second until all of them can be read,
 * and whether the importer's memory stays the same when there are ten times as many.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BenchContext, benchmark } from './support/benchmark.ts';
import { askGraphql } from './support/graphqlClient.ts';
import { runImporter } from './support/importer.ts';
import { type ImportFiles, writeImportFiles } from './support/importFiles.ts';
import { withWholeApp } from './support/phases.ts';
import { alternate } from './support/rounds.ts';

/** How many times as long the long file is. */
const LONGER = 10;

export const importing = benchmark({
  name: 'import',
  summary: 'rows a second by the importer, and its peak memory at 200,000 rows beside that at 20,000',
  run: async context => {
    const rows = context.quick ? 200 : 20_000;
    const short = await writeImportFiles(join(context.folder, 'short'), rows);
    const long = await writeImportFiles(join(context.folder, 'long'), rows * LONGER);
    const { floor, value } = await alternate(
      context.quick ? 1 : 3,
      () => importInto(context, short, rows),
      () => importInto(context, long, rows * LONGER),
    );
    return [
      { metric: 'rows_per_s', value: value.rows_per_s },
      { metric: 'peak_mb', value: value.peak_mb, floor: floor.peak_mb, bar: 1.2 },
    ];
  },
});

/** Into an instance on a new and empty folder. */
async function importInto(context: BenchContext, files: ImportFiles, rows: number) {
  const dataDir = join(context.folder, 'data');
  await mkdir(dataDir, { mode: 0o711 });
  const figures = await withWholeApp(context, dataDir, async ({ url }) => {
    const { seconds, peakMb } = await runImporter(context, dataDir, files);
    await checkAllIn(url, rows);
    return { rows_per_s: rows / seconds, peak_mb: peakMb };
  });
  await rm(dataDir, { recursive: true });
  context.say(`${rows.toLocaleString('en')} rows: ${JSON.stringify(figures)}`);
  return figures;
}

/** The importer has waited for the read models, so they show all of it. */
async function checkAllIn(url: URL, rows: number): Promise<void> {
  const { opportunities } = await askGraphql<{ readonly opportunities: { readonly totalCount: number } }>(
    url,
    '{ opportunities(first: 0) { totalCount } }',
  );
  if (opportunities.totalCount !== rows)
    throw new Error(`${opportunities.totalCount} opportunities can be read of ${rows} imported`);
}
