/** A CSV file that grows line by line, for reports that people open in a spreadsheet. */
import { type FileHandle, open } from 'node:fs/promises';
import { stringify } from 'csv-stringify/sync';

export type Line = readonly (string | number)[];

export type CsvFile = {
  readonly add: (lines: readonly Line[]) => Promise<void>;
  readonly close: () => Promise<void>;
};

const BUFFER_CHARACTERS = 64 * 1024;

/** @throws what the file system says; for a place that takes nothing, now. */
export async function openCsv(path: string, header: Line): Promise<CsvFile> {
  const file = await begin(path, header);
  let waiting = '';
  const flush = async () => {
    const text = waiting;
    waiting = '';
    await file.appendFile(text);
  };
  return {
    add: async lines => {
      if (lines.length > 0) waiting += csv(lines);
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

async function begin(path: string, header: Line): Promise<FileHandle> {
  const file = await open(path, 'w');
  try {
    await file.appendFile(csv([header]));
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Cells that a spreadsheet would take for formulas are written so that it doesn't. */
const csv = (lines: readonly Line[]): string =>
  stringify(lines as (string | number)[][], { escape_formulas: true }); // it only reads them
