/** Rows by COPY: one line of text each, in the form that the columns' types read themselves. */
import type pg from 'pg';
import { from } from 'pg-copy-streams';
import { type Keyed, paramOf } from './encode.ts';
import { listOf, type SqlColumn } from './sqlNames.ts';

export type LineOf = (keyed: Keyed) => string;

export function linesOf(columns: readonly SqlColumn[]): LineOf {
  const reads = columns.map(column => paramOf(column).read);
  return keyed => {
    let line = '';
    for (const read of reads) {
      const value = read(keyed);
      if (line !== '') line += '\t';
      if (value === null || value === undefined) line += '\\N';
      else if (typeof value === 'string') line += SPECIAL.test(value) ? escaped(value) : value;
      else line += String(value); // numbers, positions and booleans
    }
    return `${line}\n`;
  };
}

// Every row begins with its workspace, which is never empty, so an empty line is a line without a column.
const SPECIAL = /[\\\t\n\r]/;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const escaped = (value: string): string => value.replace(/[\\\t\n\r]/g, char => ESCAPES[char] ?? char);

/** Resolves once Postgres has taken them. */
export const copyInto = (
  client: pg.Client,
  table: string,
  columns: readonly SqlColumn[],
  text: string,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const stream = client.query(from(`COPY ${table} (${listOf(columns)}) FROM STDIN`));
    stream.once('error', reject);
    stream.once('finish', resolve);
    stream.end(text);
  });
