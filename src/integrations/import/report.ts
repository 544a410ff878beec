/** The report file: a line for each cell that was repaired, and for each that made its row be rejected. */
import { type FileHandle, open } from 'node:fs/promises';
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

/** @throws ImportError `REPORT_UNWRITABLE`, before anything is imported. */
export async function openReport(path: string): Promise<Report> {
  const file: FileHandle = await open(path, 'w').catch((cause: Error) => {
    throw importError(
      'REPORT_UNWRITABLE',
      `The report ${path} can't be written (${cause.message}); name another file with --report.`,
      { cause },
    );
  });
  let waiting = csv([HEADER]);
  const flush = async () => {
    const text = waiting;
    waiting = '';
    await file.appendFile(text);
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
      await flush();
      await file.close();
    },
  };
}

/** Cells that a spreadsheet would take for formulas are written so that it doesn't. */
const csv = (lines: readonly (readonly (string | number)[])[]): string =>
  stringify(lines as (string | number)[][], { escape_formulas: true }); // it only reads them
