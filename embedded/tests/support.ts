/** What the tests of the package share: folders that go away, nodes that are closed, and short ways to say things. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient, type ResolvedEvent } from '@eventstore/db-client';
import { afterEach } from 'vitest';
import { createApplying, type Written } from '../src/applying.ts';
import {
  type EmbeddedEventStore,
  type EmbeddedEventStoreOptions,
  startEmbeddedEventStore,
} from '../src/index.ts';
import type { Store } from '../src/store.ts';
import { createStreams } from '../src/streams.ts';
import { createWriter } from '../src/writer.ts';

const leftovers: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  // The last made goes first: a client before its node, a node before its folder.
  for (const clear of leftovers.splice(0).reverse()) await clear();
});

export const cleanUp = (clear: () => void | Promise<void>): void => void leftovers.push(clear);

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'embedded-eventstore-'));
  cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function start(options: EmbeddedEventStoreOptions): Promise<EmbeddedEventStore> {
  const store = await startEmbeddedEventStore(options);
  cleanUp(() => store.close());
  return store;
}

export function connect(connectionString: string): EventStoreDBClient {
  const client = EventStoreDBClient.connectionString(connectionString);
  cleanUp(() => client.dispose());
  return client;
}

/** A writer over a store, without links in categories. */
export function writerOf(store: Store, committed: (written: Written) => void = () => undefined) {
  return createWriter(createApplying(store, createStreams(store)), undefined, committed);
}

export const newStream = (): string => `test-${randomUUID()}`;

export async function all(events: AsyncIterable<ResolvedEvent>): Promise<ResolvedEvent[]> {
  const collected: ResolvedEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

/** The rejection of a promise; fails when it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { code?: unknown }> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Error) return outcome;
  throw new Error('expected a rejection with an error');
}
