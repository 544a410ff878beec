/** What an import did, for the person who ran it. */
import { undoLine } from '../undo/text.ts';
import { duration, number } from './progress.ts';
import { type PassCounts, type Summary, total } from './summary.ts';

type Told = { readonly plan: string; readonly elapsedMs: number; readonly reportFile: string };

const COLUMNS = ['rows', 'imported', 'unchanged', 'idle', 'rejected', 'repaired'] as const;
const HEADINGS = { idle: 'nothing to do' } as const satisfies Partial<
  Record<(typeof COLUMNS)[number], string>
>;

export function summaryText(summary: Summary, { plan, elapsedMs, reportFile }: Told): string {
  const { passes } = summary;
  const rows = total(passes, 'rows');
  const rate = elapsedMs > 0 ? ` (${number(Math.round((rows * 1000) / elapsedMs))} rows/s)` : '';
  return [
    `${plan}: ${number(rows)} rows in ${duration(elapsedMs)}${rate}`,
    '',
    ...table(passes),
    '',
    ...sentences(summary, reportFile),
    '',
  ].join('\n');
}

function table(passes: Summary['passes']): string[] {
  const headings = COLUMNS.map(column => (column in HEADINGS ? HEADINGS.idle : column));
  const first = Math.max(...passes.map(pass => pass.title.length), 0);
  const line = (title: string, cells: readonly string[]) =>
    `  ${title.padEnd(first)}${cells.map((cell, i) => cell.padStart(Math.max((headings[i] ?? '').length, 9) + 2)).join('')}`;
  const cells = (pass: Readonly<PassCounts>) => COLUMNS.map(column => number(pass[column]));
  return [line('', headings), ...passes.map(pass => line(pass.title, cells(pass)))];
}

function sentences(summary: Summary, reportFile: string): string[] {
  const { passes, isDryRun, isInterrupted, correlationId } = summary;
  const [imported, unchanged] = [total(passes, 'imported'), total(passes, 'unchanged')];
  const [rejected, repaired] = [total(passes, 'rejected'), total(passes, 'repaired')];
  const said: string[] = [];
  if (isInterrupted)
    said.push('Stopped before the end. Run the same import again: what is in already is recognised.');
  if (isDryRun) said.push('This was a dry run: nothing was written. Imported is what would be.');
  else if (imported === 0 && rejected === 0 && !isInterrupted)
    said.push(
      unchanged > 0
        ? 'Nothing changed: all of it had been imported before.'
        : 'Nothing changed: the files have no row that says anything to import.',
    );
  if (repaired > 0) said.push(`${rowsAre(repaired)} imported with a repair; ${reportFile} names each cell.`);
  if (rejected > 0)
    said.push(
      `${rowsAre(rejected)} rejected; ${reportFile} says why. Correct them and run the import again: only they come in anew.`,
    );
  if (!isDryRun && imported + unchanged > 0)
    said.push(`Its correlation is ${correlationId}. To undo it: ${undoLine(correlationId)}`);
  return said;
}

const rowsAre = (count: number): string => (count === 1 ? '1 row was' : `${number(count)} rows were`);
