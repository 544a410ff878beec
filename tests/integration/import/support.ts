/** An event store of its own for a test file, the write side on it, and folders with files of our own invention. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedEventStore } from '@relata/embedded-eventstore';
import { parse } from 'csv-parse/sync';
import { createDispatch } from '../../../src/commands/dispatch.ts';
import { createStreams } from '../../../src/commands/streams.ts';
import { loadCatalog } from '../../../src/eventstore/catalog.ts';
import { connectEventStore } from '../../../src/eventstore/client.ts';
import { createCodec } from '../../../src/eventstore/codec.ts';
import type { RecordedEvent } from '../../../src/eventstore/envelope.ts';
import { keyedHash } from '../../../src/eventstore/hash.ts';
import { memoryVault } from '../../support/memoryVault.ts';

export async function openWorld() {
  const store = await startEmbeddedEventStore({ inMemory: true });
  const client = connectEventStore(store.connectionString);
  const catalog = await loadCatalog();
  const vault = memoryVault();
  const codec = createCodec(catalog, vault);
  const key = Buffer.alloc(32, 1);

  /** As in a process that has just started: it knows nothing by heart. */
  const writeSide = () => {
    const streams = createStreams({ client, codec });
    const dispatch = createDispatch({
      catalog,
      codec,
      streams,
      authorise: () => undefined,
      eraseKey: vault.erase,
      hashInput: keyedHash(key, 'command-input'),
      hashValue: keyedHash(key, 'reservation'),
      now: () => new Date(),
      random: Math.random,
    });
    return { dispatch, streams };
  };

  return {
    catalog,
    writeSide,
    /** All events of a workspace in log order. */
    events: async (workspaceId: string): Promise<readonly RecordedEvent[]> => {
      const events: RecordedEvent[] = [];
      for await (const { event } of client.readAll()) {
        const [decoded] = event ? await codec.decode([event]) : [];
        if (decoded?.kind === 'event' && decoded.event.workspaceId === workspaceId)
          events.push(decoded.event);
      }
      return events;
    },
    close: async () => {
      await client.dispose();
      await store.close();
    },
  };
}

export type World = Awaited<ReturnType<typeof openWorld>>;

/** A folder with these files, gone when the test file is through. */
export async function folderOf(files: Readonly<Record<string, string>>) {
  const path = await mkdtemp(join(tmpdir(), 'relata-import-'));
  const write = async (changes: Readonly<Record<string, string>>) => {
    for (const [name, content] of Object.entries(changes)) await writeFile(join(path, name), content);
  };
  await write(files);
  return { path, write, close: () => rm(path, { recursive: true, force: true }) };
}

export type ReportLine = Readonly<
  Record<'file' | 'row' | 'outcome' | 'column' | 'code' | 'value' | 'what_to_do', string>
>;

export async function readReport(path: string): Promise<readonly ReportLine[]> {
  return parse(await readFile(path), { columns: true }) as ReportLine[]; // its header names these columns
}
