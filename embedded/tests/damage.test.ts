/** A byte that went bad is never served: at the end of the log the start is refused, elsewhere the read that meets it fails. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedEventStore } from '../src/index.ts';
import { findDamage } from '../src/wal.ts';
import { all, connect, newFolder, rejection, start } from './support.ts';

const DATA_LOSS = 15;
const note = (n: number) => jsonEvent({ type: 'NumberNoted', data: { n, canary: `canary-${n}-` } });

let numbers: string;

/** A closed folder with 1,500 events: 0, 3, 6 … in the stream `numbers-0`, and so on. Each test breaks a copy. */
beforeAll(async () => {
  numbers = mkdtempSync(join(tmpdir(), 'embedded-eventstore-'));
  const store = await startEmbeddedEventStore({ dataDir: numbers });
  const client = EventStoreDBClient.connectionString(store.connectionString);
  for (const first of [0, 1, 2]) {
    const notes = Array.from({ length: 500 }, (_, index) => note(3 * index + first));
    await client.appendToStream(`numbers-${first}`, notes);
  }
  await client.dispose();
  await store.close();
});
afterAll(() => rmSync(numbers, { recursive: true }));

function folderOfNumbers(): string {
  const dataDir = newFolder();
  cpSync(numbers, dataDir, { recursive: true });
  return dataDir;
}

/** Turns one bit within the event's data, as a failing disk would; stale copies in free parts of the file too. */
function flip(dataDir: string, n: number): void {
  const path = join(dataDir, 'events.db');
  const bytes = readFileSync(path);
  const canary = `canary-${n}-`;
  expect(bytes.includes(canary)).toBe(true);
  for (let at = bytes.indexOf(canary); at >= 0; at = bytes.indexOf(canary, at)) {
    bytes[at] = (bytes[at] ?? 0) ^ 1;
  }
  writeFileSync(path, bytes);
}

function alter(dataDir: string, sql: string): void {
  const db = new DatabaseSync(join(dataDir, 'events.db'));
  expect(db.prepare(sql).run().changes).toBe(1);
  db.close();
}

async function open(dataDir: string) {
  return connect((await start({ dataDir })).connectionString);
}

describe('a damaged record', () => {
  it('fails the reads that meet it, naming stream and revision, and no others', async () => {
    const dataDir = folderOfNumbers();
    flip(dataDir, 30);
    const client = await open(dataDir);
    const served: unknown[] = [];
    const reading = async (): Promise<void> => {
      for await (const { event } of client.readStream('numbers-0')) served.push(event?.data);
    };
    const error = await rejection(reading());
    expect(error).toMatchObject({
      code: DATA_LOSS,
      message: expect.stringMatching(/revision 10 of stream 'numbers-0'.*damaged/),
    });
    expect(served.every(data => !JSON.stringify(data).includes('anary-30-'))).toBe(true);
    expect(await all(client.readStream('numbers-0', { fromRevision: 11n }))).toHaveLength(489);
    expect(await all(client.readStream('numbers-1'))).toHaveLength(500);
    expect(await rejection(all(client.readAll()))).toMatchObject({ code: DATA_LOSS });
    expect(await rejection(all(client.subscribeToAll()))).toMatchObject({ code: DATA_LOSS });
  });

  it('near the end of the log refuses the start', async () => {
    const dataDir = folderOfNumbers();
    flip(dataDir, 1_499);
    const error = await rejection(startEmbeddedEventStore({ dataDir }));
    expect(error.code).toBe('DATA_DIR_DAMAGED');
    expect(error.message).toMatch(/stream 'numbers-\d' .*damaged.*Restore the data folder/);
  });

  it('is met when a column beside it was altered', async () => {
    const dataDir = folderOfNumbers();
    alter(dataDir, 'UPDATE events SET revision = 100000 WHERE position = 7');
    expect(await rejection(all((await open(dataDir)).readAll()))).toMatchObject({ code: DATA_LOSS });
  });

  it('is met when it was taken out', async () => {
    const dataDir = folderOfNumbers();
    alter(dataDir, 'DELETE FROM events WHERE position = 7');
    const error = await rejection(all((await open(dataDir)).readAll()));
    expect(error).toMatchObject({ code: DATA_LOSS, message: expect.stringMatching(/position 7 is missing/) });
  });
});

describe('the write-ahead log', () => {
  /** A log of five commits as a crash leaves it, and where each commit's frames begin. */
  function crashedLog(): { wal: Buffer; commits: number[] } {
    const path = join(newFolder(), 'test.db');
    const db = new DatabaseSync(path);
    db.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)');
    const commits: number[] = [];
    for (let n = 0; n < 5; n++) {
      commits.push(readFileSync(`${path}-wal`).length);
      db.prepare('INSERT INTO t (b) VALUES (randomblob(9000))').run();
    }
    const wal = readFileSync(`${path}-wal`);
    db.close();
    return { wal, commits };
  }
  const flipped = (wal: Buffer, at: number): Buffer => {
    const copy = Buffer.from(wal);
    copy[at] = (copy[at] ?? 0) ^ 1;
    return copy;
  };

  it('is whole when nothing happened to it', () => {
    expect(findDamage(crashedLog().wal)).toBeUndefined();
  });

  it('is damaged when a bad frame has later commits after it', () => {
    const { wal, commits } = crashedLog();
    for (const commit of commits.slice(0, 4)) expect(findDamage(flipped(wal, commit + 100))).toBe(commit);
  });

  it('is taken for cut off when the bad frame is in the last commit', () => {
    const { wal, commits } = crashedLog();
    const last = commits.at(-1) ?? 0;
    expect(findDamage(flipped(wal, last + 100))).toBeUndefined();
    for (let length = last; length < wal.length; length += 500)
      expect(findDamage(wal.subarray(0, length))).toBeUndefined();
  });

  it('refuses the start when acknowledged events would vanish', async () => {
    const dataDir = newFolder();
    const store = await start({ dataDir });
    const client = connect(store.connectionString);
    for (let n = 0; n < 20; n++) await client.appendToStream('numbers', note(n));
    const copy = newFolder();
    for (const file of ['events.db', 'events.db-wal'])
      writeFileSync(join(copy, file), readFileSync(join(dataDir, file)));
    const wal = join(copy, 'events.db-wal');
    const bytes = readFileSync(wal);
    writeFileSync(wal, flipped(bytes, bytes.indexOf('canary-10-')));
    const error = await rejection(startEmbeddedEventStore({ dataDir: copy }));
    expect(error).toMatchObject({
      code: 'DATA_DIR_DAMAGED',
      message: expect.stringMatching(/damaged at byte \d+, with acknowledged events after it/),
    });
  });
});
