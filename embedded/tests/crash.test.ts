/** kill -9 under load: what was acknowledged is there once, and the next start works at once. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { verifyDataDir } from '../src/index.ts';
import { all, cleanUp, connect, newFolder, rejection, start } from './support.ts';

const WRITERS = 64;
/** `npm run faults` kills more often. */
const TIMES = Number(process.env.RELATA_FAULT_ROUNDS ?? 3);
const note = () => jsonEvent({ type: 'Noted', data: { padding: 'x'.repeat(200) } });

/** A node in a process of its own. */
async function startProcess(dataDir: string): Promise<{ child: ChildProcess; connectionString: string }> {
  const child = fork(join(import.meta.dirname, 'nodeProcess.ts'), [dataDir], { execArgv: [] });
  cleanUp(() => void child.kill('SIGKILL'));
  const connectionString = await new Promise<string>((resolve, reject) => {
    child.once('message', message => resolve(String(message)));
    child.once('exit', code => reject(new Error(`the node's process ended with ${code}`)));
  });
  return { child, connectionString };
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = new Promise(resolve => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}

type Journal = { readonly stream: string; readonly acknowledged: string[]; unknown: string | undefined }[];

/** Writers that append one event after the other until the node is gone; resolves when all have stopped. */
async function write(client: EventStoreDBClient, journal: Journal, acknowledged: () => void): Promise<void> {
  await Promise.all(
    journal.map(async entry => {
      try {
        for (;;) {
          const one = note();
          entry.unknown = one.id;
          const last = entry.acknowledged.length - 1;
          await client.appendToStream(entry.stream, one, {
            expectedRevision: last < 0 ? NO_STREAM : BigInt(last),
          });
          entry.acknowledged.push(one.id);
          entry.unknown = undefined;
          acknowledged();
        }
      } catch {
        // The node has been killed under this writer; what it was writing is unknown to it.
      }
    }),
  );
}

describe('kill -9 under 64 writers', () => {
  it.each(Array.from({ length: TIMES }, (_, time) => time + 1))(
    'keeps every acknowledged append once, without gaps (time %i)',
    async () => {
      const dataDir = newFolder();
      const journal: Journal = Array.from({ length: WRITERS }, () => ({
        stream: `crash-${randomUUID()}`,
        acknowledged: [],
        unknown: undefined,
      }));
      const { child, connectionString } = await startProcess(dataDir);
      const copy = join(newFolder(), 'copy');
      let count = 0;
      const killed = new Promise<void>(resolve => {
        const client = EventStoreDBClient.connectionString(connectionString);
        const writing = write(client, journal, () => {
          count++;
          if (count === 300) cpSync(dataDir, copy, { recursive: true });
          if (count === 1_000) void kill(child);
        });
        void writing.then(() => client.dispose()).then(resolve);
      });
      await killed;
      expect(count).toBeGreaterThanOrEqual(1_000);

      const client = connect((await start({ dataDir })).connectionString);
      for (const { stream, acknowledged, unknown } of journal) {
        const events = acknowledged.length === 0 && !unknown ? [] : await all(client.readStream(stream));
        const stored = events.map(({ event }) => event?.id);
        expect(events.map(({ event }) => event?.revision)).toEqual(stored.map((_, n) => BigInt(n)));
        // An append without an answer is there or not; nothing else is.
        expect([acknowledged, [...acknowledged, unknown]]).toContainEqual(stored);
      }
      const links = await all(client.readStream('$ce-crash', { resolveLinkTos: true }));
      const everything = await all(client.readAll());
      expect(new Set(everything.map(({ event }) => event?.id)).size).toBe(everything.length);

      // Each event has its link, in the order of the log.
      const crashed = everything.filter(({ event }) => event?.streamId.startsWith('crash-'));
      expect(links.map(({ event }) => event?.id)).toEqual(crashed.map(({ event }) => event?.id));
      expect((await verifyDataDir(dataDir)).problems).toEqual([]);

      const copied = connect((await start({ dataDir: copy })).connectionString);
      const old = await all(copied.readAll());
      expect((await verifyDataDir(copy)).problems).toEqual([]);
      expect(old.length).toBeGreaterThanOrEqual(300 - WRITERS);
      expect(old.map(({ event }) => event?.id)).toEqual(
        everything.slice(0, old.length).map(({ event }) => event?.id),
      );
    },
    60_000,
  );
});

describe('another process', () => {
  it('is refused the folder while this one has it', async () => {
    const dataDir = newFolder();
    await start({ dataDir });
    expect(await rejection(startProcess(dataDir))).toBeInstanceOf(Error);
  });
});
