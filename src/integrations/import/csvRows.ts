/**
 * The rows of a CSV file, one after the other. A row that is no CSV costs itself alone: reading goes on at the line
 * after its first, so that a stray quote can't swallow the rows behind it.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { type CsvError, type Parser, parse } from 'csv-parse';
import { decoded, nodeEncodings } from './encodings.ts';
import type { FilePlan } from './plan.ts';

export type CsvRow = {
  /** As a spreadsheet shows it; the header is row 1. */
  readonly number: number;
  /** Where the row ends in the file, for progress. */
  readonly bytes: number;
} & ({ readonly cells: readonly string[] } | { readonly malformed: string });

/** Far more than a row may hold: a quote that is never closed shows itself by this. */
const MAX_ROW_BYTES = 256 * 1024;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
/** Each of them, wherever it stands: files that went through many hands mix them. */
const LINE_ENDS = ['\r\n', '\n', '\r'];

type Record = { readonly record: readonly string[]; readonly info: Info };
type Info = {
  readonly bytes: number;
  readonly lines: number;
  readonly empty_lines: number;
  readonly records: number;
};

/** @throws the file system's errors */
export async function* csvRows(
  path: string,
  plan: Pick<FilePlan, 'delimiter' | 'encoding'>,
): AsyncGenerator<CsvRow> {
  let start = 0;
  let number = 0; // of the last row before `start`
  let width: number | undefined;
  for (;;) {
    const { parser, wrong } = openParser(path, plan, start);
    let seen: Info = { bytes: 0, lines: 0, empty_lines: 0, records: 0 };
    let bad: string | undefined;
    for await (const { record, info } of parser as AsyncIterable<Record>) {
      if (wrong.error && info.records > wrong.error.records) break; // what follows a malformed row may be anything
      width ??= record.length;
      const lines = info.lines - seen.lines - (info.empty_lines - seen.empty_lines);
      if (record.length !== width && lines > 1) {
        bad = `a quote that opens in it is not closed there; it has ${record.length} cells where the header has ${width}`;
        break;
      }
      seen = info;
      const place = { number: number + info.records + info.empty_lines, bytes: start + info.bytes };
      yield record.length === width
        ? { ...place, cells: record.map(cell => decoded(cell, plan.encoding)) }
        : { ...place, malformed: `it has ${record.length} cells where the header has ${width}` };
    }
    bad ??= wrong.error && reasonOf(wrong.error);
    if (bad === undefined) return;
    parser.destroy();
    const line = await firstLine(path, start + seen.bytes, plan.encoding);
    number += seen.records + seen.empty_lines + line.blank + 1;
    start = line.end;
    yield { number, bytes: start, malformed: bad };
  }
}

/** `records` are those before it. */
type Malformed = CsvError & { readonly records: number };
type Wrong = { error?: Malformed };

/** A parser from an offset on; `wrong.error` is set as soon as it has met a malformed row. */
function openParser(
  path: string,
  { delimiter, encoding }: Pick<FilePlan, 'delimiter' | 'encoding'>,
  start: number,
) {
  const wrong: Wrong = {};
  const parser = parse({
    delimiter,
    record_delimiter: LINE_ENDS,
    encoding: nodeEncodings[encoding],
    bom: start === 0,
    info: true,
    max_record_size: MAX_ROW_BYTES,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true, // or the rows that it has read, and we have not yet, would be lost
  });
  parser.on('skip', (error: Malformed | undefined) => {
    if (error) wrong.error ??= error;
  });
  const file = createReadStream(path, { start });
  file.on('error', error => parser.destroy(error));
  parser.on('close', () => file.destroy());
  file.pipe(parser);
  return { parser: parser as Parser, wrong };
}

/** Where the first line that is not blank ends, from an offset on, and how many blank ones are before it. */
async function firstLine(path: string, from: number, encoding: FilePlan['encoding']) {
  const width = encoding === 'utf-16le' ? 2 : 1;
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(64 * 1024);
    let blank = 0;
    let isBlank = true;
    let isAfterReturn = false;
    for (let at = from; ; ) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      if (bytesRead < width) return { end: at + bytesRead, blank };
      let i = 0;
      for (; i + width <= bytesRead; i += width) {
        const unit = buffer.readUIntLE(i, width);
        // A line ends with \r\n, \n or \r: which of them, a \r leaves open until the next character.
        const ended = unit === NEWLINE ? i + width : isAfterReturn ? i : undefined;
        if (ended !== undefined && !isBlank) return { end: at + ended, blank };
        if (ended !== undefined) blank += 1;
        isAfterReturn = unit === RETURN;
        if (unit > SPACE) isBlank = false;
      }
      at += i;
    }
  } finally {
    await file.close();
  }
}

function reasonOf(error: CsvError): string {
  switch (error.code) {
    case 'INVALID_OPENING_QUOTE':
      return 'a quote stands inside a cell that is not in quotes';
    case 'CSV_INVALID_CLOSING_QUOTE':
      return 'something stands between a closing quote and the end of its cell';
    case 'CSV_QUOTE_NOT_CLOSED':
    case 'CSV_MAX_RECORD_SIZE':
      return 'a quote that opens in it is never closed, or it is far too long';
    default:
      return error.message;
  }
}
