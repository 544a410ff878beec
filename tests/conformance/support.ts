/**
 * The suite speaks through @eventstore/db-client alone. It runs against the embedded node, and unchanged against the
 * server that RELATA_EVENTSTORE_URL names. Others may write there at the same time, so a test looks only at streams
 * of its own and never expects an empty `$all`.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AllStreamSubscription,
  EventStoreDBClient,
  type ResolvedEvent,
  type StreamSubscription,
} from '@eventstore/db-client';
import { type EmbeddedEventStore, startEmbeddedEventStore } from '@relata/embedded-eventstore';
import { afterAll, beforeAll } from 'vitest';

const REAL_SERVER = process.env.RELATA_EVENTSTORE_URL;

/** Gives the file a server of its own, or the real one. Call it at the top of a test file. */
export function useEventStore(): { readonly client: EventStoreDBClient; readonly connectionString: string } {
  let embedded: EmbeddedEventStore | undefined;
  let folder: string | undefined;
  const context = {} as { client: EventStoreDBClient; connectionString: string };
  beforeAll(async () => {
    if (!REAL_SERVER) {
      folder = await mkdtemp(join(tmpdir(), 'conformance-'));
      embedded = await startEmbeddedEventStore({ dataDir: folder });
    }
    context.connectionString = REAL_SERVER ?? embedded?.connectionString ?? '';
    context.client = EventStoreDBClient.connectionString(context.connectionString);
  });
  afterAll(async () => {
    await context.client.dispose();
    await embedded?.close();
    if (folder) await rm(folder, { recursive: true });
  });
  return context;
}

/** The client appends over BatchAppend, and over Append when a call has credentials. */
export const paths = [
  { path: 'batch', options: {} },
  { path: 'unary', options: { credentials: { username: 'admin', password: 'changeit' } } },
] as const;

export const newStream = (): string => `conformance-${randomUUID()}`;

export type Subscription = StreamSubscription | AllStreamSubscription;

/**
 * Reads until `enough`, then leaves. For what has an end of its own, use {@link all}: a read that is left when its
 * answer is already there in full makes the client's `dispose` wait forever (@eventstore/db-client 6.2.1).
 */
export async function collect(
  events: AsyncIterable<ResolvedEvent>,
  enough: number | ((event: ResolvedEvent) => boolean),
): Promise<ResolvedEvent[]> {
  const collected: ResolvedEvent[] = [];
  if (enough === 0) return collected;
  for await (const event of events) {
    collected.push(event);
    if (typeof enough === 'number' ? collected.length === enough : enough(event)) break;
  }
  return collected;
}

export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** Waits for one signal of a subscription; an error of the subscription fails the wait. */
export function signal(subscription: Subscription, name: 'confirmation' | 'caughtUp'): Promise<void> {
  return new Promise((resolve, reject) => {
    subscription.once(name, () => resolve());
    subscription.once('error', reject);
  });
}

export const ids = (events: readonly ResolvedEvent[]): (string | undefined)[] =>
  events.map(({ event }) => event?.id);
export const revisions = (events: readonly ResolvedEvent[]): (bigint | undefined)[] =>
  events.map(({ event }) => event?.revision);

/** The rejection of a promise; fails when it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    value => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  throw new Error(`expected a rejection, got ${String(outcome.value)}`);
}
