/** Links in categories, switched off and on again: what was written in between is linked later, in the log's order. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { jsonEvent, type ResolvedEvent } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { startEmbeddedEventStore } from '../src/index.ts';
import { all, connect, newFolder, rejection, start } from './support.ts';

const note = (n: number) => jsonEvent({ type: 'NumberNoted', data: { n } });
const linked = (events: readonly ResolvedEvent[]) =>
  events.map(({ event }) => (event?.data as { n: number } | undefined)?.n);

async function write(dataDir: string, byCategory: boolean, ...numbers: number[]): Promise<void> {
  const store = await startEmbeddedEventStore({ dataDir, byCategory });
  const client = connect(store.connectionString);
  for (const n of numbers) await client.appendToStream(`order-${n % 3}`, note(n));
  await store.close();
}

describe('links in categories', () => {
  it('are not made when they are not wanted', async () => {
    const client = connect((await start({ inMemory: true, byCategory: false })).connectionString);
    await client.appendToStream('order-1', note(1));
    expect(await rejection(all(client.readStream('$ce-order')))).toMatchObject({ type: 'stream-not-found' });
    expect(await all(client.readAll())).toHaveLength(1);
  });

  it('are made once for each event, however often they were off and on', async () => {
    const dataDir = newFolder();
    await write(dataDir, true, 1, 2);
    await write(dataDir, false, 3, 4);
    await write(dataDir, false, 5);
    await write(dataDir, true, 6, 7);
    await write(dataDir, false, 8);
    const client = connect((await start({ dataDir })).connectionString);
    await client.appendToStream('order-9', note(9));
    const links = () => all(client.readStream('$ce-order', { resolveLinkTos: true }));
    await expect.poll(async () => (await links()).length).toBe(9);
    expect(linked(await links())).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('are made for thousands of older events while others are written', async () => {
    const dataDir = newFolder();
    const off = await startEmbeddedEventStore({ dataDir, byCategory: false });
    const before = connect(off.connectionString);
    const numbers = Array.from({ length: 5_000 }, (_, n) => n);
    for (let from = 0; from < numbers.length; from += 500)
      await before.appendToStream('order-1', numbers.slice(from, from + 500).map(note));
    await off.close();
    const client = connect((await start({ dataDir })).connectionString);
    for (let n = 5_000; n < 5_020; n++) await client.appendToStream(`order-${n}`, note(n));
    const links = () => all(client.readStream('$ce-order', { resolveLinkTos: true }));
    await expect.poll(async () => (await links()).length, { timeout: 20_000 }).toBe(5_020);
    expect(linked(await links())).toEqual(Array.from({ length: 5_020 }, (_, n) => n));
  });
});

describe('a folder of format 1', () => {
  it('is upgraded: all its events are there, and linked in their categories', async () => {
    const dataDir = newFolder();
    cpSync(join(import.meta.dirname, 'fixtures/version-1'), dataDir, { recursive: true });
    for (let time = 0; time < 2; time++) {
      const store = await startEmbeddedEventStore({ dataDir });
      const client = connect(store.connectionString);
      const orders = await all(client.readStream('order-1'));
      expect(orders.map(({ event }) => [event?.revision, event?.data])).toEqual(
        [1, 2, 3, 6].map((n, revision) => [BigInt(revision), { n }]),
      );
      const [settings] = await all(client.readStream('settings'));
      expect(Uint8Array.from(settings?.event?.data as Uint8Array)).toEqual(Uint8Array.of(0, 1, 2, 255));
      const links = async () =>
        (await all(client.readStream('$ce-order', { resolveLinkTos: true }))).map(({ event }) =>
          event?.id.slice(-1),
        );
      await expect.poll(links).toEqual(['1', '2', '3', '4', '6']);
      const [first] = await all(client.readAll({ maxCount: 1 }));
      expect(first?.event).toMatchObject({
        id: '00000000-0000-4000-8000-000000000001',
        position: { commit: 1n, prepare: 1n },
      });
      await store.close();
    }
  });
});
