/** The report file: a line for each cell that was repaired, and for each that made its row be rejected. */
import { stat } from 'node:fs/promises';
import { openCsv } from '../csvFile.ts';
import { importError } from './errors.ts';
import type { SettledRow } from './settle.ts';

export type Report = {
  readonly add: (file: string, row: SettledRow) => Promise<void>;
  readonly close: () => Promise<void>;
};

const HEADER = ['file', 'row', 'outcome', 'column', 'code', 'value', 'what_to_do'];

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
  const file = await openCsv(path, HEADER).catch((cause: Error) => {
    throw unwritable(
      `The report ${path} can't be written (${cause.message}); name another file with --report.`,
      cause,
    );
  });
  const stopped = (cause: Error) => {
    throw unwritable(
      `The import stopped: the report ${path} can't be written any more (${cause.message}). Make room, and run the same import again; what is in already is recognised.`,
      cause,
    );
  };
  return {
    add: async (name, { number, outcome, problems, repairs }) => {
      const isRejected = outcome === 'rejected';
      const findings = isRejected ? problems : repairs;
      const what = isRejected ? 'rejected' : 'repaired';
      await file
        .add(findings.map(f => [name, number, what, f.column, f.code, f.value, f.advice]))
        .catch(stopped);
    },
    close: () => file.close().catch(stopped),
  };
}

async function isSameFile(path: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([path, other].map(each => stat(each).catch(() => undefined)));
  return a !== undefined && a.dev === b?.dev && a.ino === b.ino;
}

const unwritable = (message: string, cause?: unknown) => importError('REPORT_UNWRITABLE', message, { cause });
