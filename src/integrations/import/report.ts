/** The report file: a line for each cell that was repaired, and for each that made its row be rejected. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { stringify } from 'csv-stringify/sync';
import { importError } from './errors.ts';
import type { SettledRow } from './settle.ts';

export type Report = {
  readonly add: (file: string, row: SettledRow) => Promise<void>;
  readonly close: () => Promise<void>;
};

const HEADER = ['file', 'row', 'outcome', 'column', 'code', 'value', 'what_to_do'];
const BUFFER_CHARACTERS = 64 * 1024;

/** A report that nobody asked for. */
export const noReport: Report = { add: async () => undefined, close: async () => undefined };

/**
 * @param inputs files that the import reads, which a slip must not replace
 * @throws ImportError `REPORT_UNWRITABLE`, before anything is imported; later too, when no more can be written.
 */
export async function openReport(path: string, inputs: readonly string[]): Promise<Report> {
  for (const input of inputs)
    if (await isSameFile(path, input))
      throw unwritable(
        `The report ${path} would replace a file of the import; name another file with --report.`,
      );
  const file = await begin(path).catch((cause: Error) => {
    throw unwritable(
      `The report ${path} can't be written (${cause.message}); name another file with --report.`,
      cause,
    );
  });
  let waiting = '';
  const flush = async () => {
    const text = waiting;
    waiting = '';
    await file.appendFile(text).catch((cause: Error) => {
      throw unwritable(
        `The import stopped: the report ${path} can't be written any more (${cause.message}). Make room, and run the same import again; what is in already is recognised.`,
        cause,
      );
    });
  };
  return {
    add: async (name, { number, outcome, problems, repairs }) => {
      const isRejected = outcome === 'rejected';
      const findings = isRejected ? problems : repairs;
      if (findings.length === 0) return;
      const what = isRejected ? 'rejected' : 'repaired';
      waiting += csv(findings.map(f => [name, number, what, f.column, f.code, f.value, f.advice]));
      if (waiting.length > BUFFER_CHARACTERS) await flush();
    },
    close: async () => {
      try {
        await flush();
      } finally {
        await file.close();
      }
    },
  };
}

/** The header goes first, so that a place which takes nothing shows itself now. */
async function begin(path: string): Promise<FileHandle> {
  const file = await open(path, 'w');
  try {
    await file.appendFile(csv([HEADER]));
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function isSameFile(path: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([path, other].map(each => stat(each).catch(() => undefined)));
  return a !== undefined && a.dev === b?.dev && a.ino === b.ino;
}

const unwritable = (message: string, cause?: unknown) => importError('REPORT_UNWRITABLE', message, { cause });

/** Cells that a spreadsheet would take for formulas are written so that it doesn't. */
const csv = (lines: readonly (readonly (string | number)[])[]): string =>
  stringify(lines as (string | number)[][], { escape_formulas: true }); // it only reads them
