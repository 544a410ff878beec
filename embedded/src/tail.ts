/**
 * The events committed last, kept in memory: a live subscriber is served from here, without a read of the file.
 * Bounded by number and by bytes; what has left is read from the file.
 */
import { type PageLimit, POSITION, RECORD, type Row } from './store.ts';

const MAX_ROWS = 4_096;
const MAX_BYTES = 4 * 1024 * 1024;

export function createTail() {
  let rows: Row[] = [];
  let bytes = 0;
  /** Rows before this index have left; they are cut off in one go when they are the greater part. */
  let start = 0;

  return {
    add(row: Row): void {
      rows.push(row);
      bytes += row[RECORD].length;
      while (rows.length - start > MAX_ROWS || (bytes > MAX_BYTES && rows.length - start > 1)) {
        bytes -= rows[start]![RECORD].length;
        start++;
      }
      if (start > MAX_ROWS) {
        rows = rows.slice(start);
        start = 0;
      }
    },
    /** The rows from a position on, if that one is still here. */
    from(position: number, limit: PageLimit): readonly Row[] | undefined {
      const first = rows[start];
      if (first === undefined || position < first[POSITION]) return undefined;
      const from = start + position - first[POSITION];
      let size = 0;
      let to = from;
      while (to < rows.length && to - from < limit.rows && size < limit.bytes)
        size += rows[to++]![RECORD].length;
      return rows.slice(from, to);
    },
  };
}
