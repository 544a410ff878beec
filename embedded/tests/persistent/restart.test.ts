/** What a group keeps when its node is stopped or killed: everything that was not answered comes again. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import {
  END,
  EventStoreDBClient,
  jsonEvent,
  type PersistentSubscriptionToStreamSettings,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { cleanUp, connect, newFolder, newStream, start } from '../support.ts';

const GROUP = 'group';
const note = (n: number) => jsonEvent({ type: 'Noted', data: { n } });
const notes = (count: number, from = 0) => Array.from({ length: count }, (_, n) => note(from + n));
const settings = (changes: Partial<PersistentSubscriptionToStreamSettings> = {}) =>
  persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, ...changes });

type Answer = 'ack' | 'park' | 'retry' | 'keep';

/** Takes what a group gives, and remembers what was given and what was answered, by the events' numbers. */
function consume(client: EventStoreDBClient, stream: string, answer: (n: number) => Answer = () => 'ack') {
  const given: number[] = [];
  const subscription = client.subscribeToPersistentSubscriptionToStream(stream, GROUP);
  subscription.on('error', () => undefined);
  subscription.on('data', async resolved => {
    const n = Number(Object(resolved.event?.data).n);
    given.push(n);
    const one = answer(n);
    // The node may be gone by now; then the event is one of those that come again.
    if (one === 'ack') await subscription.ack(resolved).catch(() => undefined);
    else if (one !== 'keep') await subscription.nack(one, '', resolved).catch(() => undefined);
  });
  return { given, subscription };
}

const statsOf = async (client: EventStoreDBClient, stream: string) =>
  (await client.getPersistentSubscriptionToStreamInfo(stream, GROUP)).stats;

/** A node over a folder that can be stopped and started again. */
async function newNode() {
  const dataDir = newFolder();
  let node = await start({ dataDir });
  return {
    client: () => connect(node.connectionString),
    async restart() {
      await node.close();
      node = await start({ dataDir });
      return connect(node.connectionString);
    },
  };
}

describe('after a restart', () => {
  it('a group is there with its settings, and goes on after its checkpoint', async () => {
    const { client, restart } = await newNode();
    const before = client();
    const stream = newStream();
    const unusual = settings({
      checkPointUpperBound: 1,
      maxRetryCount: 3,
      resolveLinkTos: true,
      messageTimeout: 999_999,
    });
    await before.appendToStream(stream, notes(6));
    await before.createPersistentSubscriptionToStream(stream, GROUP, unusual);
    consume(before, stream, n => (n < 2 ? 'ack' : 'keep'));
    await expect.poll(async () => (await statsOf(before, stream)).lastCheckpointedEventRevision).toBe(1n);

    const after = await restart();
    const info = await after.getPersistentSubscriptionToStreamInfo(stream, GROUP);
    expect(info.settings).toEqual(unusual);
    expect(info.stats.lastCheckpointedEventRevision).toBe(1n);
    const { given } = consume(after, stream);
    await expect.poll(() => given).toEqual([2, 3, 4, 5]);
  });

  it('a group of $all still filters', async () => {
    const { client, restart } = await newNode();
    const stream = newStream();
    const filter = streamNameFilter({ regex: `^${stream}$` });
    await client().createPersistentSubscriptionToAll(
      GROUP,
      persistentSubscriptionToAllSettingsFromDefaults({ startFrom: START }),
      { filter },
    );
    const after = await restart();
    const subscription = after.subscribeToPersistentSubscriptionToAll(GROUP);
    subscription.on('error', () => undefined);
    const given: (string | undefined)[] = [];
    subscription.on('data', ({ event }) => given.push(event?.streamId));
    await after.appendToStream(newStream(), note(0));
    await after.appendToStream(stream, note(1));
    await expect.poll(() => given).toEqual([stream]);
  });

  it('a group that began at the end has lost nothing of what came since', async () => {
    const { client, restart } = await newNode();
    const before = client();
    const stream = newStream();
    await before.appendToStream(stream, notes(3));
    await before.createPersistentSubscriptionToStream(stream, GROUP, settings({ startFrom: END }));
    await before.appendToStream(stream, notes(3, 3));
    const { given } = consume(await restart(), stream);
    await expect.poll(() => given).toEqual([3, 4, 5]);
  });

  it('what was parked is parked, and can be replayed', async () => {
    const { client, restart } = await newNode();
    const before = client();
    const stream = newStream();
    await before.appendToStream(stream, notes(3));
    await before.createPersistentSubscriptionToStream(stream, GROUP, settings({ checkPointUpperBound: 1 }));
    consume(before, stream, () => 'park');
    await expect
      .poll(() => statsOf(before, stream))
      .toMatchObject({
        parkedMessageCount: 3n,
        lastCheckpointedEventRevision: 2n,
      });
    const after = await restart();
    expect((await statsOf(after, stream)).parkedMessageCount).toBe(3n);
    const { given } = consume(after, stream);
    await after.replayParkedMessagesToStream(stream, GROUP);
    await expect.poll(() => given).toEqual([0, 1, 2]);
  });

  it('what was replayed and not done is parked again; what was done is not', async () => {
    const { client, restart } = await newNode();
    const before = client();
    const stream = newStream();
    await before.appendToStream(stream, notes(3));
    await before.createPersistentSubscriptionToStream(stream, GROUP, settings({ checkPointUpperBound: 1 }));
    let answer: Answer = 'park';
    const { given } = consume(before, stream, () => answer);
    await expect.poll(async () => (await statsOf(before, stream)).parkedMessageCount).toBe(3n);
    answer = 'ack';
    await before.replayParkedMessagesToStream(stream, GROUP, { stopAt: 1 });
    await expect
      .poll(async () => (await before.getStreamMetadata(parked(stream))).metadata?.truncateBefore)
      .toBe(1);
    answer = 'keep';
    await before.replayParkedMessagesToStream(stream, GROUP);
    await expect.poll(() => given.length).toBe(6);
    expect((await statsOf(before, stream)).parkedMessageCount).toBe(0n);

    const after = await restart();
    expect((await statsOf(after, stream)).parkedMessageCount).toBe(2n);
    const again = consume(after, stream);
    await after.replayParkedMessagesToStream(stream, GROUP);
    await expect.poll(() => again.given).toEqual([1, 2]);
  });

  it('a deleted group is gone, and made again begins afresh', async () => {
    const { client, restart } = await newNode();
    const before = client();
    const stream = newStream();
    await before.appendToStream(stream, notes(2));
    await before.createPersistentSubscriptionToStream(stream, GROUP, settings({ checkPointUpperBound: 1 }));
    consume(before, stream);
    await expect.poll(async () => (await statsOf(before, stream)).lastCheckpointedEventRevision).toBe(1n);
    await before.deletePersistentSubscriptionToStream(stream, GROUP);
    const after = await restart();
    expect(await after.listAllPersistentSubscriptions()).toEqual([]);
    await after.createPersistentSubscriptionToStream(stream, GROUP, settings());
    const { given } = consume(after, stream);
    await expect.poll(() => given).toEqual([0, 1]);
  });
});

const parked = (stream: string): string => `$persistentsubscription-${stream}::${GROUP}-parked`;

describe('kill -9 while a group is consumed', () => {
  it('loses no event: each was acked, is parked, or comes again', async () => {
    const dataDir = newFolder();
    const child = fork(join(import.meta.dirname, '../nodeProcess.ts'), [dataDir], { execArgv: [] });
    cleanUp(() => void child.kill('SIGKILL'));
    const connectionString = await new Promise<string>((resolve, reject) => {
      child.once('message', message => resolve(String(message)));
      child.once('exit', code => reject(new Error(`the node's process ended with ${code}`)));
    });
    const exited = new Promise(resolve => child.once('exit', resolve));
    const client = EventStoreDBClient.connectionString(connectionString);
    const stream = newStream();
    await client.createPersistentSubscriptionToStream(stream, GROUP, settings({ checkPointUpperBound: 20 }));
    // What is retried is parked in the end, like what is parked at once.
    const { given } = consume(client, stream, n => (n % 7 === 0 ? 'park' : n % 5 === 0 ? 'retry' : 'ack'));
    let written = 0;
    try {
      for (;;) {
        await client.appendToStream(stream, notes(10, written));
        written += 10;
        if (given.length > 500) child.kill('SIGKILL');
      }
    } catch {
      // The node is gone; what was being written is not counted.
    }
    await exited;
    const isParked = (n: number): boolean => n % 7 === 0 || n % 5 === 0;
    const acked = given.filter(n => !isParked(n));
    await client.dispose();

    const after = connect((await start({ dataDir })).connectionString);
    const checkpoint = (await statsOf(after, stream)).lastCheckpointedEventRevision ?? -1n;
    expect(checkpoint).toBeGreaterThan(0n);
    const again = consume(after, stream);
    await after.replayParkedMessagesToStream(stream, GROUP);
    await expect
      .poll(
        () => {
          const seen = new Set([...acked, ...again.given]);
          return Array.from({ length: written }, (_, n) => n).filter(n => !seen.has(n));
        },
        { timeout: 10_000 },
      )
      .toEqual([]);
    // Up to the checkpoint nothing but what was parked comes again, and all of that.
    const upToCheckpoint = Array.from({ length: Number(checkpoint) + 1 }, (_, n) => n);
    const repeated = again.given.filter(n => n <= checkpoint).toSorted((a, b) => a - b);
    expect(repeated).toEqual(upToCheckpoint.filter(isParked));
  });
});
