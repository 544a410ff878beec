/** The tables of a build, as lines of COPY's: how a version stands there, and how all of them are read. */
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { ReadModel } from '../readModel.ts';
import { copyLineOf } from './copyText.ts';
import { columnsOf, endColumns, listOf, quoted, type SqlColumn } from './sqlNames.ts';
import type { TrueVersion } from './truth.ts';

export type Table = {
  readonly name: TableName;
  readonly columns: readonly SqlColumn[];
  readonly lineOf: (version: TrueVersion) => string;
};

/** The two tables of a build. */
export type TableName = 'rows' | 'history';

export function tablesOf(model: ReadModel): readonly Table[] {
  const columns = columnsOf(model);
  const rows: Table = { name: 'rows', columns, lineOf: copyLineOf(columns) };
  if (!model.history) return [rows];
  const all = [...columns, ...endColumns];
  return [rows, { name: 'history', columns: all, lineOf: copyLineOf(all) }];
}

/** A current version stands in the rows, one that was superseded in the history. */
export const tableFor = <T extends Table>(tables: readonly T[], { knownTo }: TrueVersion): T | undefined =>
  tables[knownTo === null ? 0 : 1];

/** By the end of the row's id: also where ids begin with a time, that is as good as random. */
export const bucketOf = (id: string): number => Number.parseInt(id.slice(-HEX_DIGITS), 16);

const HEX_DIGITS = 3; // 4,096 of them
const UUID_CHARS = 36;
const TAB = 9;
const LINE_FEED = 10;

/** The id is what comes after the first tab. */
export function bucketOfLine(line: Uint8Array): number {
  const end = line.indexOf(TAB) + 1 + UUID_CHARS;
  let bucket = 0;
  for (let at = end - HEX_DIGITS; at < end; at++) {
    const code = line[at] ?? 0;
    bucket = bucket * 16 + (code <= 57 ? code - 48 : code - 87); // 0–9, a–f
  }
  return bucket;
}

/** Every row as a line of COPY's, without its end; to be used at once, for its bytes are written over. */
export async function readTable(
  client: pg.Client,
  schema: string,
  { name, columns }: Table,
  each: (line: Buffer) => void,
): Promise<void> {
  const copy = client.query(
    copyTo(`COPY (SELECT ${listOf(columns)} FROM ${quoted(schema)}.${name}) TO STDOUT`),
  );
  let rest: Buffer | undefined;
  for await (const chunk of copy as AsyncIterable<Buffer>) {
    const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
    let from = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, from)) {
      each(bytes.subarray(from, end));
      from = end + 1;
    }
    rest = from < bytes.length ? bytes.subarray(from) : undefined;
  }
}
