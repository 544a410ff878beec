/** What a start says about the folder and the port that it is given, and that a folder keeps what was written. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { isStoreError, startEmbeddedEventStore } from '../src/index.ts';
import { all, connect, newFolder, newStream, rejection, start } from './support.ts';

const event = (n = 0) => jsonEvent({ type: 'NumberNoted', data: { n } });
const refused = async (dataDir: string, code: string, says: RegExp): Promise<void> => {
  const error = await rejection(startEmbeddedEventStore({ dataDir }));
  expect(isStoreError(error)).toBe(true);
  expect(error.code).toBe(code);
  expect(error.message).toMatch(says);
};

describe('a data folder', () => {
  it('is made when it is not there, and keeps what was written', async () => {
    const dataDir = join(newFolder(), 'some', 'where');
    const stream = newStream();
    const one = event(1);
    for (let time = 0; time < 2; time++) {
      const store = await startEmbeddedEventStore({ dataDir });
      const client = connect(store.connectionString);
      // The second time it is a repeat: also of that a restart must know.
      expect(await client.appendToStream(stream, one, { expectedRevision: NO_STREAM })).toMatchObject({
        nextExpectedRevision: 0n,
      });
      expect((await all(client.readStream(stream))).map(({ event }) => event?.id)).toEqual([one.id]);
      await store.close();
    }
    expect(existsSync(join(dataDir, 'events.db'))).toBe(true);
  });

  it('goes on counting positions and revisions after a restart', async () => {
    const dataDir = newFolder();
    // Without a category: no links lie between.
    const stream = 'numbers';
    const positions: bigint[] = [];
    for (let time = 0; time < 3; time++) {
      const store = await startEmbeddedEventStore({ dataDir });
      const answer = await connect(store.connectionString).appendToStream(stream, event(time));
      expect(answer.nextExpectedRevision).toBe(BigInt(time));
      positions.push(answer.position?.commit ?? 0n);
      await store.close();
    }
    expect(positions).toEqual([1n, 2n, 3n]);
  });

  it('is refused to a second node, until the first is closed', async () => {
    const dataDir = newFolder();
    const first = await start({ dataDir });
    await refused(dataDir, 'DATA_DIR_LOCKED', /in use by another process: stop that one first/);
    await connect(first.connectionString).appendToStream(newStream(), event());
    await first.close();
    await start({ dataDir });
  });

  it('of a newer format is refused', async () => {
    const dataDir = newFolder();
    await (await startEmbeddedEventStore({ dataDir })).close();
    const db = new DatabaseSync(join(dataDir, 'events.db'));
    db.exec('PRAGMA user_version = 99');
    db.close();
    await refused(dataDir, 'DATA_DIR_NEWER', /format 99 .* start the newer version/);
  });

  it('with a database of something else is refused and left alone', async () => {
    const dataDir = newFolder();
    const path = join(dataDir, 'events.db');
    const db = new DatabaseSync(path);
    db.exec('CREATE TABLE mine (a)');
    db.close();
    await refused(dataDir, 'DATA_DIR_UNUSABLE', /was not written by the embedded event store/);
    const again = new DatabaseSync(path);
    expect(again.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'mine' }]);
    again.close();
  });

  it('that holds no database at all is refused', async () => {
    const dataDir = newFolder();
    writeFileSync(
      join(dataDir, 'events.db'),
      'this is not a database, and it is long enough to be read as one'.repeat(100),
    );
    await refused(dataDir, 'DATA_DIR_DAMAGED', /restore the folder from a backup/);
  });

  it('that is a file is refused', async () => {
    const path = join(newFolder(), 'file');
    writeFileSync(path, '');
    await refused(path, 'DATA_DIR_UNUSABLE', /check that it is a folder/);
  });

  it.skipIf(process.getuid?.() === 0)('that may not be written to is refused', async () => {
    const dataDir = join(newFolder(), 'readonly');
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o500);
    await refused(dataDir, 'DATA_DIR_UNUSABLE', /may write to/);
  });
});

describe('a port', () => {
  it('in use is refused, and the folder is free again', async () => {
    const { port } = await start({ inMemory: true });
    const dataDir = newFolder();
    const error = await rejection(startEmbeddedEventStore({ dataDir, port }));
    expect(error.code).toBe('PORT_IN_USE');
    expect(error.message).toMatch(new RegExp(`Port ${port} .* choose another port`));
    await start({ dataDir });
  });

  it('that was asked for is had, and had again after a close', async () => {
    const { port, close } = await start({ inMemory: true });
    await close();
    const again = await start({ inMemory: true, port });
    expect(again.port).toBe(port);
    expect(again.connectionString).toBe(`esdb://127.0.0.1:${port}?tls=false`);
  });
});

describe('closing', () => {
  it('answers what was under way, ends what is open, and may be done twice', async () => {
    const store = await start({ dataDir: newFolder() });
    const client = connect(store.connectionString);
    const stream = newStream();
    await client.appendToStream(stream, event());
    const subscription = client.subscribeToStream(stream);
    const ended = new Promise<unknown>(resolve => subscription.once('error', resolve));
    subscription.resume();
    await new Promise<void>(resolve => subscription.once('caughtUp', () => resolve()));
    await Promise.all([store.close(), store.close()]);
    expect(await ended).toMatchObject({ type: 'unavailable' });
    await store.closed;
  });
});
