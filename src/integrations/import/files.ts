/** The files of a plan in the folder that is imported: there, readable, and with the columns that the plan knows. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CompiledPass, CompiledPlan } from './compile.ts';
import { type CsvRow, csvRows } from './csvRows.ts';
import { markOf } from './encodings.ts';
import { type Issue, importError, issuesError } from './errors.ts';
import type { FilePlan, Plan } from './plan.ts';
import { createRow, type Layout, type Row } from './row.ts';

export type SourceFile = {
  /** As the plan writes it. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly plan: FilePlan;
  readonly layout: Layout;
};

/**
 * Looks at every file before anything is written.
 * @throws ImportError `FILE_UNREADABLE` or `FILE_COLUMNS`
 */
export async function openFiles(
  plan: Plan,
  { passes }: CompiledPlan,
  folder: string,
): Promise<ReadonlyMap<string, SourceFile>> {
  const files = new Map<string, SourceFile>();
  const issues: Issue[] = [];
  for (const [name, filePlan] of Object.entries(plan.files)) {
    const path = resolve(folder, filePlan.file);
    const { bytes, header } = await look(path, filePlan);
    const mark = await markOf(path);
    if (mark !== undefined && mark !== filePlan.encoding) {
      issues.push({ path: filePlan.file, message: otherEncoding(mark, filePlan) });
      continue;
    }
    const own = passes.filter(pass => pass.file?.name === name);
    issues.push(...checkHeader(filePlan, header, own));
    const index = new Map(header.map((column, i) => [column, i]));
    files.set(name, {
      name: filePlan.file,
      path,
      bytes,
      plan: filePlan,
      layout: { index, columns: filePlan.columns },
    });
  }
  if (issues.length > 0) throw issuesError('FILE_COLUMNS', "The files don't fit the plan", issues);
  return files;
}

function otherEncoding(mark: string, { encoding }: FilePlan): string {
  const what = mark === 'utf-16be' ? 'save it as utf-8' : `write "encoding": "${mark}" into the plan`;
  return `by its first bytes it is ${mark}, and the plan says ${encoding}; ${what}`;
}

async function look(path: string, plan: FilePlan): Promise<{ bytes: number; header: readonly string[] }> {
  try {
    const { size } = await stat(path);
    for await (const first of csvRows(path, plan))
      return { bytes: size, header: 'cells' in first ? first.cells.map(cell => cell.trim()) : [] };
    return { bytes: size, header: [] };
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const sentence = isMissing
      ? `There is no file ${path}; put it there, or name its folder with --from.`
      : `The file ${path} can't be read (${(cause as Error).message}); correct its rights or the plan.`;
    throw importError('FILE_UNREADABLE', sentence, { cause });
  }
}

function checkHeader(plan: FilePlan, header: readonly string[], passes: readonly CompiledPass[]): Issue[] {
  const path = plan.file;
  const list = header.map(column => `"${column}"`).join(', ') || 'none';
  const needed = header.filter(column => !plan.ignore.includes(column));
  const named = needed.filter(column => column !== '');
  if (new Set(named).size < named.length)
    return [{ path, message: `two of its columns have one name (${list}); rename one in the file` }];
  const used = new Set(passes.flatMap(pass => [...pass.used]));
  const wanted = new Set([...used, ...Object.keys(plan.columns)]);
  const missing = [...wanted].filter(column => !header.includes(column));
  const unknown = new Set(needed.filter(column => !used.has(column)));
  if (missing.length > 0 && header.length === 1)
    return [{ path, message: `its only column is ${list}; name the delimiter that it uses in the plan` }];
  return [
    ...missing.map(column => ({ path, message: `it has no column "${column}"; its columns are ${list}` })),
    ...[...unknown].map(column => ({
      path,
      message: column
        ? `the plan does nothing with column "${column}"; use it in a step, or name it under "ignore"`
        : 'it has a column without a name; give it one, or put "" under "ignore"',
    })),
  ];
}

/**
 * The rows of a file after its header, ready to be evaluated.
 * @throws ImportError `FILE_UNREADABLE` when it goes away while it is read.
 */
export async function* rowsOf(file: SourceFile) {
  let isHeader = true;
  try {
    for await (const csv of csvRows(file.path, file.plan)) {
      if (!isHeader) yield { row: rowOf(csv, file.layout), bytes: csv.bytes };
      isHeader = false;
    }
  } catch (cause) {
    if (!isErrno(cause)) throw cause;
    const sentence = `The import stopped: ${file.path} can't be read any more (${cause.message}). Put it back, and run the same import again.`;
    throw importError('FILE_UNREADABLE', sentence, { cause });
  }
}

function rowOf(csv: CsvRow, layout: Layout): Row {
  const row = createRow(layout, 'cells' in csv ? csv.cells : [], csv.number);
  if ('malformed' in csv)
    row.problems.push({
      column: '',
      code: 'MALFORMED',
      value: '',
      advice: `correct the row: ${csv.malformed}`,
    });
  return row;
}

const isErrno = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
