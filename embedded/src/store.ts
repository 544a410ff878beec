/**
 * The log: every statement that touches the events is here.
 *
 * `position` counts from 1 without gaps over all streams, `revision` from 0 without gaps in each: a reader that
 * meets a gap has met damage. Every record is checked against its checksum before it leaves this file.
 */
import type { StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { first, openDatabase, prepare, type StoreLocation } from './database.ts';
import { type StoreError, storeError } from './errors.ts';
import { idOf } from './record.ts';

/** A stored event; the last is the frame as record.ts made it. */
export type Row = readonly [
  position: number,
  stream: number,
  revision: number,
  type: number,
  checksum: number,
  record: Buffer,
];
export const POSITION = 0;
export const STREAM = 1;
export const REVISION = 2;
export const TYPE = 3;
const CHECKSUM = 4;
export const RECORD = 5;

/** How many rows and bytes a page may have at most; the row that passes the limit of bytes is still in. */
export type PageLimit = { readonly rows: number; readonly bytes: number };
/** The mark of {@link Store.unlinkedFrom}. */
const UNLINKED = 'unlinked';
const ONE: PageLimit = { rows: 1, bytes: 1 };
const NO_LIMIT: PageLimit = { rows: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER };

export type Store = ReturnType<typeof openStore>;

/** How much of the log's end a start verifies. */
const VERIFIED_AT_START: PageLimit = { rows: 1_000, bytes: 16 * 1024 * 1024 };

const EVENTS = 'SELECT position, stream, revision, type, checksum, record FROM events';
/** How events are found. Exported for the test that each does it by an index. */
export const QUERIES = {
  // The plus keeps SQLite from the index that has the order already: it would read the whole stream by that.
  byId: `${EVENTS} WHERE stream = ? AND id_hash = ? ORDER BY +revision`,
  allForwards: `${EVENTS} WHERE position >= ? ORDER BY position`,
  allBackwards: `${EVENTS} WHERE position <= ? ORDER BY position DESC`,
  streamForwards: `${EVENTS} WHERE stream = ? AND revision >= ? ORDER BY revision`,
  streamBackwards: `${EVENTS} WHERE stream = ? AND revision <= ? ORDER BY revision DESC`,
} as const;

export function openStore(location: StoreLocation) {
  const db = openDatabase(location);
  const sql = (text: string): StatementSync => prepare(db, text);

  const begin = sql('BEGIN IMMEDIATE');
  const commit = sql('COMMIT');
  const insertEvent = sql('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)');
  const insertStream = sql('INSERT INTO streams (name) VALUES (?)');
  const insertType = sql('INSERT INTO types (name) VALUES (?)');
  const findStream = sql('SELECT id FROM streams WHERE name = ?');
  const findName = sql('SELECT name FROM streams WHERE id = ?');
  const findPosition = sql('SELECT max(position) FROM events');
  const byId = sql(QUERIES.byId);
  const allForwards = sql(QUERIES.allForwards);
  const allBackwards = sql(QUERIES.allBackwards);
  const streamForwards = sql(QUERIES.streamForwards);
  const streamBackwards = sql(QUERIES.streamBackwards);

  const findMark = sql('SELECT position FROM marks WHERE name = ?');

  const lastPosition = (): number => Number(first(findPosition) ?? 0);
  const streamName = (stream: number): string => {
    const name = first(findName, stream);
    return name instanceof Uint8Array ? asBuffer(name).toString('utf8') : `number ${stream}`;
  };

  /** The rows of a query, each verified, until a limit is reached. */
  function page(statement: StatementSync, key: readonly number[], limit: PageLimit): Row[] {
    const rows: Row[] = [];
    let bytes = 0;
    if (limit.rows <= 0) return rows;
    for (const found of statement.iterate(...key)) {
      const row = asRow(found);
      if (!isIntact(row)) throw damaged(row, streamName(row[STREAM]));
      rows.push(row);
      bytes += row[RECORD].length;
      if (rows.length >= limit.rows || bytes >= limit.bytes) break;
    }
    return rows;
  }

  /** Rows whose `column` must be `from`, `from + step`, …; an empty page is the end. */
  function run(
    statement: StatementSync,
    key: readonly number[],
    limit: PageLimit,
    column: typeof POSITION | typeof REVISION,
    step: 1 | -1,
  ): Row[] {
    const rows = page(statement, key, limit);
    let expected = key.at(-1) ?? 0;
    for (const row of rows) {
      if (row[column] !== expected) throw missing(column, expected, streamName(row[STREAM]));
      expected += step;
    }
    return rows;
  }

  return {
    /** For verify.ts and backup.ts, which look at the file from outside. */
    database: db,
    lastPosition,
    streamName,
    /** Events at a position and after it, in the order of the log. */
    allForwards: (from: number, limit: PageLimit) => run(allForwards, [from], limit, POSITION, 1),
    /** Events at a position (which must be the last, or before it) and before it, the latest first. */
    allBackwards: (from: number, limit: PageLimit) => run(allBackwards, [from], limit, POSITION, -1),
    streamForwards: (stream: number, from: number, limit: PageLimit) =>
      run(streamForwards, [stream, from], limit, REVISION, 1),
    streamBackwards: (stream: number, from: number, limit: PageLimit) =>
      run(streamBackwards, [stream, from], limit, REVISION, -1),
    /** Where the stream has an event of this id: the earliest, as the real server remembers it. */
    findEvent: (stream: number, id: string): Row | undefined =>
      page(byId, [stream, crc32(id)], NO_LIMIT).find(row => idOf(row[RECORD]) === id),
    streamNumber: (name: Uint8Array): number | undefined => asNumber(first(findStream, name)),
    eventAt: (stream: number, revision: number): Row | undefined =>
      run(streamForwards, [stream, revision], ONE, REVISION, 1)[0],
    /** The stream's last event. */
    lastOf: (stream: number): Row | undefined =>
      page(streamBackwards, [stream, Number.MAX_SAFE_INTEGER], ONE)[0],
    /** Event types by their number. */
    types: (): Map<number, string> => {
      const rows = db.prepare('SELECT id, name FROM types').all();
      return new Map(rows.map(({ id, name }) => [Number(id), String(name)]));
    },

    /** Where the events begin that no category links to; undefined when there are none. */
    unlinkedFrom: (): number | undefined => asNumber(first(findMark, UNLINKED)),
    markUnlinked: (position: number | undefined): void => {
      if (position === undefined) db.prepare('DELETE FROM marks WHERE name = ?').run(UNLINKED);
      else db.prepare('INSERT OR REPLACE INTO marks VALUES (?, ?)').run(UNLINKED, position);
    },

    begin: () => void begin.run(),
    commit: () => void commit.run(),
    rollback: () => {
      // A failed COMMIT may have rolled back by itself; then there is nothing left to undo.
      if (db.isTransaction) db.exec('ROLLBACK');
    },
    addStream: (name: Uint8Array): number => Number(insertStream.run(name).lastInsertRowid),
    addType: (name: string): number => Number(insertType.run(name).lastInsertRowid),
    addEvent: (
      position: number,
      stream: number,
      revision: number,
      type: number,
      id: string,
      record: Buffer,
    ): Row => {
      const checksum = checksumOf([position, stream, revision, type, 0, record]);
      insertEvent.run(position, stream, revision, type, crc32(id), checksum, record);
      return [position, stream, revision, type, checksum, record];
    },

    /** The last records must be whole and without a gap: a log that was cut or altered at its end must not go on. */
    verifyEnd: (): void => {
      run(allBackwards, [lastPosition()], VERIFIED_AT_START, POSITION, -1);
    },
    close: () => db.close(),
  };
}

/** Whether the row is the one that was written. */
export const isIntact = (row: Row): boolean => checksumOf(row) === row[CHECKSUM];

/**
 * CRC-32 of the record, begun with the columns beside it, so that a row whose columns were altered fails too.
 * Each factor is odd: no single altered column can leave the start as it was.
 */
function checksumOf([position, stream, revision, type, , record]: Row): number {
  const start =
    Math.imul(position, 0x9e3779b1) ^
    Math.imul(stream, 0x85ebca77) ^
    Math.imul(revision, 0xc2b2ae3d) ^
    Math.imul(type, 0x27d4eb2f);
  return crc32(record, start >>> 0);
}

function damaged(row: Row, stream: string): StoreError {
  return storeError(
    'DATA_DIR_DAMAGED',
    `The event at revision ${row[REVISION]} of stream '${stream}' (position ${row[POSITION]}) is damaged: its checksum doesn't match. Restore the data folder from a backup.`,
  );
}

function missing(column: typeof POSITION | typeof REVISION, expected: number, stream: string): StoreError {
  const where = column === POSITION ? `position ${expected}` : `revision ${expected} of stream '${stream}'`;
  return storeError(
    'DATA_DIR_DAMAGED',
    `The event at ${where} is missing from the data folder: restore it from a backup.`,
  );
}

const asNumber = (value: unknown): number | undefined => (value === undefined ? undefined : Number(value));

/** The columns are those of {@link EVENTS}; STRICT tables hold them to their types. */
export function asRow(found: unknown): Row {
  const [position, stream, revision, type, checksum, record] = found as [
    number,
    number,
    number,
    number,
    number,
    Uint8Array,
  ];
  return [position, stream, revision, type, checksum, asBuffer(record)];
}

/** node:sqlite gives blobs as Uint8Array; a Buffer over the same memory has the readers we need. */
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
