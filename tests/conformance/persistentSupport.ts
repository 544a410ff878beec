/** What the cases of persistent subscriptions share. Groups are of streams of the test's own, or filtered to them. */
import { randomUUID } from 'node:crypto';
import {
  BACKWARDS,
  END,
  type EventStoreDBClient,
  jsonEvent,
  type PersistentSubscriptionToAll,
  type PersistentSubscriptionToStream,
  type PersistentSubscriptionToStreamInfo,
  type PersistentSubscriptionToStreamSettings,
  persistentSubscriptionToStreamSettingsFromDefaults,
  type ResolvedEvent,
  START,
} from '@eventstore/db-client';
import { expect } from 'vitest';
import { all, newStream } from './support.ts';

export type Given = ResolvedEvent & { readonly retryCount: number };
export type Persistent = PersistentSubscriptionToStream | PersistentSubscriptionToAll;

export const newGroup = (): string => `group-${randomUUID()}`;
export const note = (n = 0) => jsonEvent({ type: 'NumberNoted', data: { n } });
export const notes = (count: number) => Array.from({ length: count }, (_, n) => note(n));

type Changes = Parameters<typeof persistentSubscriptionToStreamSettingsFromDefaults>[0];
/** From the start of the stream, which most cases want. */
export const settings = (changes: Changes = {}): PersistentSubscriptionToStreamSettings =>
  persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, ...changes });

/** A new stream of so many events, with a new group. */
export async function newGroupOf(client: EventStoreDBClient, count: number, changes: Changes = {}) {
  const [stream, group] = [newStream(), newGroup()];
  if (count > 0) await client.appendToStream(stream, notes(count));
  await client.createPersistentSubscriptionToStream(stream, group, settings(changes));
  return { stream, group };
}

export type Consumer = ReturnType<typeof consume>;
type Answer = (event: Given, subscription: Persistent) => Promise<void>;

export const ack: Answer = (event, subscription) => subscription.ack(event);
export const keep: Answer = () => Promise.resolve();

/** Takes what a subscription gives, and answers each event. An error that a test doesn't ask for fails its wait. */
export function consume(subscription: Persistent, answer: Answer = ack) {
  const events: Given[] = [];
  const waiting = new Set<() => void>();
  let failure: unknown;
  let ended = false;
  const look = (): void => {
    for (const check of waiting) check();
  };
  const until = (condition: () => boolean, mayFail: 'fails' | 'goes on'): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (condition()) resolve();
        else if ((failure !== undefined || ended) && mayFail === 'goes on')
          reject(failure ?? new Error('it ended'));
        else return;
        waiting.delete(check);
      };
      waiting.add(check);
      check();
    });
  subscription.on('data', (event: Given) => {
    events.push(event);
    answer(event, subscription).catch(() => undefined);
    look();
  });
  subscription.on('error', error => {
    failure = error;
    look();
  });
  subscription.on('end', () => {
    ended = true;
    look();
  });
  const confirmed = new Promise<void>((resolve, reject) => {
    subscription.once('confirmation', () => resolve());
    subscription.once('error', reject);
  });
  confirmed.catch(() => undefined);
  return {
    subscription,
    events,
    confirmed,
    /** Resolves with the events as soon as there are so many, or such. */
    has: async (enough: number | ((events: readonly Given[]) => boolean)): Promise<Given[]> => {
      await until(() => (typeof enough === 'number' ? events.length >= enough : enough(events)), 'goes on');
      return events;
    },
    failure: async (): Promise<unknown> => {
      await until(() => failure !== undefined, 'fails');
      return failure;
    },
    numbers: (): number[] => events.map(numberOf),
    leave: () => subscription.unsubscribe(),
  };
}

/** The number that {@link note} has put in. */
export const numberOf = ({ event }: ResolvedEvent): number => Number(Object(event?.data).n);

/** Waits for what a group tells of itself. */
export async function untilInfo(
  client: EventStoreDBClient,
  { stream, group }: { readonly stream: string; readonly group: string },
  stats: Partial<PersistentSubscriptionToStreamInfo['stats']>,
): Promise<void> {
  await expect
    .poll(async () => (await client.getPersistentSubscriptionToStreamInfo(stream, group)).stats, {
      timeout: 10_000,
    })
    .toMatchObject(stats);
}

/** Waits for a checkpoint that would be found again: on the real server a group tells of one before it is written. */
export async function untilCheckpoint(
  client: EventStoreDBClient,
  { stream, group }: { readonly stream: string; readonly group: string },
  revision: bigint,
): Promise<void> {
  const last = { direction: BACKWARDS, fromRevision: END, maxCount: 1 } as const;
  const checkpoints = `$persistentsubscription-${stream}::${group}-checkpoint`;
  await expect
    .poll(
      async () => {
        const [written] = await all(client.readStream(checkpoints, last)).catch(() => []);
        return written?.event?.data;
      },
      { timeout: 10_000 },
    )
    .toBe(String(revision));
}
