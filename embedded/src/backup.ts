/**
 * A copy of the log as it is at one moment, made while appends go on: SQLite copies page after page, and copies again
 * what is written meanwhile. It is looked at before it is said to be there.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { backup } from 'node:sqlite';
import { explain, FILE_NAME } from './database.ts';
import { storeError } from './errors.ts';
import { openStore, type Store } from './store.ts';

export type Backup = {
  /** How many events the copy has. */
  readonly events: number;
  readonly bytes: number;
};

/** How many pages are copied before others get their turn: some milliseconds' worth. */
const PAGES = 64;

/** Writes a data folder that a node can be started on. Throws a StoreError. */
export async function backUp(store: Store, folder: string): Promise<Backup> {
  const path = join(folder, FILE_NAME);
  const partial = `${path}.partial`;
  try {
    mkdirSync(folder, { recursive: true });
    if (existsSync(path))
      throw storeError('DATA_DIR_UNUSABLE', `${folder} holds an event store: choose another folder.`);
    await backup(store.database, partial, { rate: PAGES });
    sync(partial);
    renameSync(partial, path);
    sync(folder);
  } catch (error) {
    if (existsSync(partial)) rmSync(partial);
    throw explain(error, folder);
  }
  const copy = openStore({ dataDir: folder });
  try {
    copy.verifyEnd();
    return { events: copy.lastPosition(), bytes: statSync(path).size };
  } finally {
    copy.close();
  }
}

function sync(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}
