/** `verify` finds what isn't as it was written, `backup` copies what is, and both work on a node that is running. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backupDataDir, startEmbeddedEventStore, verifyDataDir } from '../src/index.ts';
import { openStore, RECORD } from '../src/store.ts';
import { all, connect, newFolder, rejection, start } from './support.ts';

const note = (n: number) => jsonEvent({ type: `Noted${n % 2}`, data: { n, canary: `canary-${n}-` } });

const WRITERS = 8;

let written: string;

/** A closed folder with 300 events: `numbers-0` has 0, 3, 6 … and so on; one stream is deleted, one has a tombstone. */
beforeAll(async () => {
  written = mkdtempSync(join(tmpdir(), 'embedded-eventstore-'));
  const store = await startEmbeddedEventStore({ dataDir: written, byCategory: false });
  const client = EventStoreDBClient.connectionString(store.connectionString);
  for (const first of [0, 1, 2]) {
    const notes = Array.from({ length: 100 }, (_, index) => note(3 * index + first));
    await client.appendToStream(`numbers-${first}`, notes);
  }
  await client.deleteStream('numbers-1');
  await client.tombstoneStream('numbers-2');
  await client.dispose();
  await store.close();
});
afterAll(() => rmSync(written, { recursive: true }));

function copied(): string {
  const dataDir = newFolder();
  cpSync(written, dataDir, { recursive: true });
  return dataDir;
}
function altered(...statements: string[]): string {
  const dataDir = copied();
  const db = new DatabaseSync(join(dataDir, 'events.db'), { defensive: false });
  for (const statement of statements) db.exec(statement);
  db.close();
  return dataDir;
}
function flipped(text: string): string {
  const dataDir = copied();
  const path = join(dataDir, 'events.db');
  const bytes = readFileSync(path);
  expect(bytes.includes(text)).toBe(true);
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at)) bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  return dataDir;
}
/** A folder whose last row says other things than the record in it, under a checksum that is right. */
function misplaced(change: { position?: number; stream?: number; revision?: number; type?: number }): string {
  const dataDir = copied();
  const store = openStore({ dataDir });
  const last = store.lastPosition();
  const record = store.allForwards(10, { rows: 1, bytes: 1 })[0]?.[RECORD] ?? Buffer.alloc(0);
  const { position = last + 1, stream = 1, revision = 100, type = 1 } = change;
  store.addEvent(position, stream, revision, type, '', record);
  store.close();
  return dataDir;
}
/** Takes one entry out of an index, and leaves no sign of that in the schema. */
const withoutEntry = (index: string, columns: string): string[] => [
  `DROP INDEX ${index}`,
  `CREATE INDEX ${index} ON events (${columns}) WHERE position <> 7`,
  `PRAGMA writable_schema = ON`,
  `UPDATE sqlite_schema SET sql = 'CREATE INDEX ${index} ON events (${columns})' WHERE name = '${index}'`,
];

describe('verify', () => {
  it('finds nothing in what is whole', async () => {
    expect(await verifyDataDir(copied())).toEqual({ events: 302, streams: 4, problems: [] });
  });

  it.each<[string, () => string, RegExp]>([
    [
      'a flipped byte',
      () => flipped('canary-30-'),
      /^Position 11, revision 10 of stream 'numbers-0': its checksum/,
    ],
    ['a lost event', () => altered('DELETE FROM events WHERE position = 7'), /^Position 7 is missing\.$/],
    ['a cut stream', () => misplaced({ revision: 500 }), /its record is of/],
    [
      'another stream’s name',
      () => altered("UPDATE streams SET name = x'78' WHERE id = 1"),
      /record is of another stream/,
    ],
    ['a stream without a name', () => altered('DELETE FROM streams WHERE id = 1'), /its stream has no name/],
    [
      'another type’s name',
      () => altered("UPDATE types SET name = 'Other' WHERE id = 1"),
      /is of another type than number 1/,
    ],
    ['a record of another position', () => misplaced({}), /its record is of position 10/],
    [
      'an index of revisions with a gap',
      () => altered(...withoutEntry('events_by_revision', 'stream, revision')),
      /the index of revisions leads elsewhere/,
    ],
    [
      'an index of ids with a gap',
      () => altered(...withoutEntry('events_by_id', 'stream, id_hash')),
      /the index of ids does not lead there/,
    ],
  ])('finds %s', async (_, damaged, problem) => {
    const { problems } = await verifyDataDir(damaged());
    expect(problems).toContainEqual(expect.stringMatching(problem));
  });

  it('names the first hundred of many problems', async () => {
    const dataDir = altered('UPDATE events SET checksum = checksum + 1');
    expect((await verifyDataDir(dataDir)).problems).toHaveLength(100);
  });

  it('looks at a running node, which goes on', async () => {
    const dataDir = altered("UPDATE streams SET name = x'78' WHERE name = CAST('$$numbers-1' AS BLOB)");
    const store = await start({ dataDir });
    const client = connect(store.connectionString);
    let isDone = false;
    const verifying = Promise.all([store.verify(), verifyDataDir(dataDir)]).finally(() => {
      isDone = true;
    });
    let appended = 0;
    while (!isDone) {
      await client.appendToStream('more', note(appended));
      appended++;
    }
    expect(appended).toBeGreaterThan(0);
    for (const { events, problems } of await verifying) {
      expect(events).toBeGreaterThanOrEqual(302);
      expect(problems).toEqual([expect.stringMatching(/record is of another stream/)]);
    }
  });

  it('of a folder without an event store says so, and makes none', async () => {
    const dataDir = newFolder();
    const error = await rejection(verifyDataDir(dataDir));
    expect(error).toMatchObject({
      code: 'DATA_DIR_UNUSABLE',
      message: expect.stringMatching(/holds no event store/),
    });
    expect(readdirSync(dataDir)).toEqual([]);
  });
});

describe('backup', () => {
  it('is a folder that a node starts on, and has all', async () => {
    const [dataDir, folder] = [copied(), join(newFolder(), 'a', 'b')];
    expect(await backupDataDir(dataDir, folder)).toMatchObject({ events: 302 });
    expect(readdirSync(folder)).toEqual(['events.db']);
    expect(await verifyDataDir(folder)).toEqual(await verifyDataDir(dataDir));
    const client = connect((await start({ dataDir: folder })).connectionString);
    expect(await all(client.readStream('numbers-0'))).toHaveLength(100);
    expect(await rejection(all(client.readStream('numbers-2')))).toMatchObject({ type: 'stream-deleted' });
  });

  it('is the log as it was at one moment, while many append', async () => {
    const dataDir = newFolder();
    const store = await start({ dataDir });
    const client = connect(store.connectionString);
    const large = () => jsonEvent({ type: 'Large', data: { padding: 'x'.repeat(4_000) } });
    for (let n = 0; n < 20; n++) await client.appendToStream('before', Array.from({ length: 100 }, large));
    let isDone = false;
    let meanwhile = 0;
    const writers = Array.from({ length: WRITERS }, async (_, writer) => {
      while (!isDone) {
        await client.appendToStream(`order-${writer}`, [large(), large()]);
        meanwhile++;
      }
    });
    const folders = [newFolder(), newFolder()].map(folder => join(folder, 'copy'));
    for (const folder of folders) await store.backup(folder);
    isDone = true;
    await Promise.all(writers);
    expect(meanwhile).toBeGreaterThan(2 * WRITERS);
    const everything = (await all(client.readAll())).map(({ event }) => event?.id);
    for (const dataDir of folders) {
      expect((await verifyDataDir(dataDir)).problems).toEqual([]);
      const copy = connect((await start({ dataDir })).connectionString);
      const events = await all(copy.readAll());
      expect(events.length).toBeGreaterThanOrEqual(2_000);
      expect(events.map(({ event }) => event?.id)).toEqual(everything.slice(0, events.length));
      // An append is in it whole, with its links, or not at all.
      for (let writer = 0; writer < WRITERS; writer++) {
        const pairs = events.filter(({ event }) => event?.streamId === `order-${writer}`);
        expect(pairs.length % 2).toBe(0);
      }
      expect(events.filter(({ event }) => event?.streamId === '$ce-order')).toHaveLength(
        events.filter(({ event }) => event?.streamId.startsWith('order-')).length,
      );
    }
  }, 90_000);

  it('may be of a node in memory', async () => {
    const store = await start({ inMemory: true });
    await connect(store.connectionString).appendToStream('numbers', [note(1), note(2)]);
    const folder = join(newFolder(), 'kept');
    expect(await store.backup(folder)).toMatchObject({ events: 2 });
    const kept = connect((await start({ dataDir: folder })).connectionString);
    expect(await all(kept.readStream('numbers'))).toHaveLength(2);
  });

  it('is refused where an event store is, or no folder can be', async () => {
    const [dataDir, other] = [copied(), copied()];
    const store = await start({ dataDir });
    const file = join(newFolder(), 'file');
    writeFileSync(file, '');
    for (const folder of [dataDir, other, file]) {
      for (const error of [
        await rejection(store.backup(folder)),
        await rejection(backupDataDir(dataDir, folder)),
      ])
        expect(error).toMatchObject({ code: 'DATA_DIR_UNUSABLE' });
    }
    expect((await verifyDataDir(other)).problems).toEqual([]);
    expect((await verifyDataDir(dataDir)).problems).toEqual([]);
  });

  it('of a damaged end is not said to be one', async () => {
    const error = await rejection(backupDataDir(flipped('canary-299-'), join(newFolder(), 'copy')));
    expect(error.code).toBe('DATA_DIR_DAMAGED');
  });
});

describe('the maintenance of a running node', () => {
  it('is for who may read its folder', async () => {
    const dataDir = newFolder();
    const store = await startEmbeddedEventStore({ dataDir });
    const access = join(dataDir, 'access.json');
    const { token } = JSON.parse(readFileSync(access, 'utf8'));
    const post = async (path: string, authorization?: string) => {
      const headers = authorization === undefined ? {} : { authorization };
      return (await fetch(`http://127.0.0.1:${store.port}${path}`, { method: 'POST', headers })).status;
    };
    expect(await post('/maintenance/verify')).toBe(401);
    expect(await post('/maintenance/verify', `Bearer ${'0'.repeat(token.length)}`)).toBe(401);
    expect(await post('/maintenance/verify', `Bearer ${token}`)).toBe(200);
    expect(await post('/maintenance/other', `Bearer ${token}`)).toBe(404);
    await store.close();
    expect(existsSync(access)).toBe(false);
  });
});
