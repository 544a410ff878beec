/**
 * The SQLite file behind the store: opening it for this process alone, its format version, and what each way of
 * failing means to the reader.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { isStoreError, type StoreError, storeError } from './errors.ts';
import { refuseDamagedWal } from './wal.ts';

export type StoreLocation = { readonly dataDir: string } | { readonly inMemory: true };

/** What this version writes. A change of SCHEMA or of record.ts is a new number and an upgrade here. */
const FORMAT_VERSION = 2;
/** “RelE”: says that the file is ours, whatever its name. */
const APPLICATION_ID = 0x52656c45;
export const FILE_NAME = 'events.db';
/** A process that is just going away still holds the lock for a moment. */
const LOCK_WAIT_MS = 250;
/** Measured: commits and reads cost less than with SQLite's 4 KB, and not less again with 16. */
const PAGE_BYTES = 8_192;
/** Pages of the write-ahead log (16 MB) before it is folded into the file: fewer foldings write fewer pages. */
const WAL_PAGES = 2_000;

const SCHEMA = `
  CREATE TABLE streams (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE) STRICT;
  CREATE TABLE types (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    type INTEGER NOT NULL,
    id_hash INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    record BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX events_by_revision ON events (stream, revision);
  CREATE INDEX events_by_id ON events (stream, id_hash);
`;
/** Places in the log that have to be found again. */
const MARKS = 'CREATE TABLE marks (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT;';

/** How a folder of the format n becomes one of the format n + 1. */
const UPGRADES: Readonly<Record<number, string>> = {
  // Until then no event was linked in its category.
  1: `${MARKS} INSERT INTO marks VALUES ('unlinked', 1);`,
};

export function openDatabase(location: StoreLocation): DatabaseSync {
  if ('inMemory' in location) {
    const db = new DatabaseSync(':memory:');
    prepareFormat(db, 'The memory');
    return db;
  }
  const { dataDir } = location;
  try {
    mkdirSync(dataDir, { recursive: true });
    return openFile(dataDir);
  } catch (error) {
    throw explain(error, dataDir);
  }
}

function openFile(dataDir: string): DatabaseSync {
  const path = join(dataDir, FILE_NAME);
  const db = new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
  try {
    // The lock comes first: only who holds it may look at the write-ahead log's own bytes.
    db.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT`);
    refuseDamagedWal(`${path}-wal`);
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000;
             PRAGMA wal_autocheckpoint = ${WAL_PAGES}`);
    prepareFormat(db, dataDir);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Gives a new file its tables; refuses what this version must not touch. */
function prepareFormat(db: DatabaseSync, dataDir: string): void {
  const application = pragma(db, 'application_id');
  const format = pragma(db, 'user_version');
  const isNew = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (isNew && application === 0 && format === 0) {
    db.exec(`BEGIN; ${SCHEMA} ${MARKS} PRAGMA application_id = ${APPLICATION_ID};
             PRAGMA user_version = ${FORMAT_VERSION}; COMMIT`);
    return;
  }
  if (application !== APPLICATION_ID) {
    throw storeError(
      'DATA_DIR_UNUSABLE',
      `${join(dataDir, FILE_NAME)} was not written by the embedded event store: choose another data folder.`,
    );
  }
  if (format > FORMAT_VERSION) {
    throw storeError(
      'DATA_DIR_NEWER',
      `${dataDir} is of format ${format} and this version reads formats up to ${FORMAT_VERSION}: start the newer version that wrote it.`,
    );
  }
  for (let version = format; version < FORMAT_VERSION; version++)
    db.exec(`BEGIN; ${UPGRADES[version]} PRAGMA user_version = ${version + 1}; COMMIT`);
}

/** A statement whose rows are arrays. */
export function prepare(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

/** The first column of the first row. node:sqlite types rows as objects; here they are arrays. */
export const first = (statement: StatementSync, ...key: (number | string | Uint8Array)[]): unknown =>
  (statement.get(...key) as unknown as unknown[] | undefined)?.[0];

const pragma = (db: DatabaseSync, name: string): number => Number(first(prepare(db, `PRAGMA ${name}`)));

/** SQLite's primary result codes, https://sqlite.org/rescode.html */
const BUSY = 5;
const READONLY = 8;
const IO_ERROR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const NOT_A_DATABASE = 26;

/** The primary result code of an SQLite error; undefined for any other error. */
function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return Number(error.errcode) & 0xff;
}

export const isFull = (error: unknown): boolean => sqliteCode(error) === FULL;
export const isIoError = (error: unknown): boolean => sqliteCode(error) === IO_ERROR;

/** An error of SQLite or of the file system, met while a folder was opened or made, as one that says what to do. */
export function explain(error: unknown, dataDir: string): StoreError {
  if (isStoreError(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  switch (sqliteCode(error)) {
    case BUSY:
      return storeError(
        'DATA_DIR_LOCKED',
        `${dataDir} is in use by another process: stop that one first, or choose another data folder.`,
        error,
      );
    case CORRUPT:
    case NOT_A_DATABASE:
      return storeError(
        'DATA_DIR_DAMAGED',
        `${join(dataDir, FILE_NAME)} is damaged (${reason}): restore the folder from a backup.`,
        error,
      );
    case READONLY:
    case CANNOT_OPEN:
    case IO_ERROR:
    case FULL:
    case undefined:
      return storeError(
        'DATA_DIR_UNUSABLE',
        `${dataDir} can't be used (${reason}): check that it is a folder that this user may write to, with free space.`,
        error,
      );
    default:
      return storeError('UNEXPECTED', `${dataDir} can't be opened: ${reason}.`, error);
  }
}
