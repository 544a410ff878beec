/**
 * A copy of the log as it is at one moment, made while appends go on: events never change, so the copy takes those up to
 * the last of that moment, some at a time. It is looked at before it is said to be there.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { explain, FILE_NAME, openDatabase } from './database.ts';
import { storeError } from './errors.ts';
import { openStore, type Store } from './store.ts';

export type Backup = {
  /** How many events the copy has. */
  readonly events: number;
  readonly bytes: number;
};

/** How many events or streams are copied before others get their turn. */
const SLICE_ROWS = 64;

/** Writes a data folder that a node can be started on. Throws a StoreError. */
export async function backUp(store: Store, folder: string): Promise<Backup> {
  const path = join(folder, FILE_NAME);
  if (existsSync(path))
    throw storeError('DATA_DIR_UNUSABLE', `${folder} holds an event store: choose another folder.`);
  const partial = join(folder, 'partial');
  try {
    mkdirSync(folder, { recursive: true });
    openDatabase({ dataDir: partial }).close();
    await copy(store.database, join(partial, FILE_NAME));
    sync(join(partial, FILE_NAME));
    renameSync(join(partial, FILE_NAME), path);
    sync(folder);
  } catch (error) {
    throw explain(error, folder);
  } finally {
    if (existsSync(partial)) rmSync(partial, { recursive: true });
  }
  return lookAt(folder, path);
}

let copies = 0;

async function copy(db: DatabaseSync, path: string): Promise<void> {
  const name = `copy${++copies}`;
  db.prepare(`ATTACH ? AS ${name}`).run(path);
  try {
    // It is synced once, when it is whole.
    db.exec(`PRAGMA ${name}.synchronous = OFF`);
    // One turn: what changes is copied as it is at the moment at which the log is.
    const events = last(db, 'events', 'position');
    const streams = last(db, 'streams', 'id');
    for (const table of ['types', 'marks'])
      db.exec(`INSERT INTO ${name}.${table} SELECT * FROM main.${table}`);
    await copyRows(db, name, 'streams', 'id', streams);
    await copyRows(db, name, 'events', 'position', events);
  } finally {
    db.exec(`DETACH ${name}`);
  }
}

const last = (db: DatabaseSync, table: string, key: string): number =>
  Number(db.prepare(`SELECT max(${key}) AS last FROM main.${table}`).get()?.last ?? 0);

async function copyRows(
  db: DatabaseSync,
  copy: string,
  table: string,
  key: string,
  end: number,
): Promise<void> {
  const slice = db.prepare(
    `INSERT INTO ${copy}.${table} SELECT * FROM main.${table} WHERE ${key} BETWEEN ? AND ? ORDER BY ${key}`,
  );
  for (let from = 1; from <= end; from += SLICE_ROWS) {
    slice.run(from, Math.min(end, from + SLICE_ROWS - 1));
    await nextTurn();
  }
}

function lookAt(folder: string, path: string): Backup {
  const store = openStore({ dataDir: folder });
  try {
    store.verifyEnd();
    return { events: store.lastPosition(), bytes: statSync(path).size };
  } finally {
    store.close();
  }
}

function sync(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}
