/** A full disk fails appends with a reason, loses nothing that was answered, and is over when there is room again. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, statfsSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binaryEvent, NO_STREAM } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { startEmbeddedEventStore, verifyDataDir } from '../src/index.ts';
import { openStore } from '../src/store.ts';
import { all, cleanUp, connect, newStream, rejection, start, writerOf } from './support.ts';

const FULL = /The disk is full and nothing of this append was written: free some space and append again/;
const RESOURCE_EXHAUSTED = 8;
const large = () => binaryEvent({ type: 'Large', data: new Uint8Array(200_000) });

/** A disk of 16 MB; undefined where none may be mounted. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'embedded-eventstore-'));
  cleanUp(() => rmdirSync(folder));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder]);
  if (status !== 0) return undefined;
  cleanUp(() => void spawnSync('umount', [folder]));
  return folder;
}

describe('a full disk', () => {
  it('fails appends on either path, and they go on when there is room', async context => {
    const disk = smallDisk();
    if (disk === undefined) return context.skip('no tmpfs may be mounted here');
    const dataDir = join(disk, 'db');
    const store = await startEmbeddedEventStore({ dataDir });
    cleanUp(() => store.close());
    const client = connect(store.connectionString);
    const stream = newStream();
    const answered: string[] = [];
    const append = async (options = {}) => {
      const one = large();
      await client.appendToStream(stream, one, options);
      answered.push(one.id);
    };
    await append();
    const ballast = join(disk, 'ballast');
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 3_000_000)));
    const fill = async () => {
      for (;;) await append();
    };
    expect(await rejection(fill())).toMatchObject({ message: expect.stringMatching(FULL) });
    const unary = { credentials: { username: 'a', password: 'b' } };
    expect(await rejection(append(unary))).toMatchObject({
      code: RESOURCE_EXHAUSTED,
      message: expect.stringMatching(FULL),
    });
    // What is small may still find its place; what is there can be read.
    expect((await all(client.readStream(stream))).map(({ event }) => event?.id)).toEqual(answered);
    unlinkSync(ballast);
    await append();
    await append(unary);
    expect((await all(client.readStream(stream))).map(({ event }) => event?.id)).toEqual(answered);
    await store.close();
    expect((await verifyDataDir(dataDir)).problems).toEqual([]);
    const again = connect((await start({ dataDir })).connectionString);
    expect((await all(again.readStream(stream))).map(({ event }) => event?.id)).toEqual(answered);
  });

  it('by the store’s own limit of pages refuses whole appends, and is over when that is lifted', async () => {
    const store = openStore({ inMemory: true });
    cleanUp(() => store.close());
    const writer = writerOf(store);
    const append = (count: number) =>
      new Promise<string>(resolve => {
        const events = Array.from({ length: count }, () => {
          const { id, type } = large();
          return { id, type, json: false, data: Buffer.alloc(20_000), metadata: Buffer.alloc(0) };
        });
        writer.submit({
          stream: Buffer.from('numbers'),
          expected: 'any',
          events,
          abandoned: () => false,
          done: ({ kind }) => resolve(kind),
        });
      });
    store.database.exec('PRAGMA max_page_count = 100');
    let written = 0;
    while ((await append(5)) === 'written') written += 5;
    expect(written).toBeGreaterThan(0);
    expect(store.lastPosition()).toBe(written);
    store.database.exec('PRAGMA max_page_count = 1000000');
    expect(await append(5)).toBe('written');
    expect(store.lastPosition()).toBe(written + 5);
    store.verifyEnd();
  });

  it('when it is full already keeps a start from doing harm', async context => {
    const disk = smallDisk();
    if (disk === undefined) return context.skip('no tmpfs may be mounted here');
    const { bavail, bsize } = statfsSync(disk);
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(bavail * bsize));
    const dataDir = join(disk, 'db');
    expect(await rejection(startEmbeddedEventStore({ dataDir }))).toMatchObject({
      code: 'DATA_DIR_UNUSABLE',
    });
    unlinkSync(ballast);
    const client = connect((await start({ dataDir })).connectionString);
    const options = { expectedRevision: NO_STREAM } as const;
    expect(await client.appendToStream(newStream(), large(), options)).toMatchObject({ success: true });
  });
});
