/** The log of an event store, as the engine needs it: through the client, against the embedded node. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { startEmbeddedEventStore } from '@relata/embedded-eventstore';
import { expect, onTestFinished, test } from 'vitest';
import { connectEventStore, disconnect } from '../../../src/eventstore/client.ts';
import { vaultError, vaultErrorOf } from '../../../src/eventstore/personal/errors.ts';
import { type Decode, eventStoreSource } from '../../../src/projections/engine/eventStoreSource.ts';
import { failureOf } from '../../../src/projections/engine/failure.ts';
import type { EventSource, LogEvent, LogPoint } from '../../../src/projections/engine/source.ts';
import { recorded } from '../../support/recorded.ts';
import { startTestPostgres } from './database.ts';
import { thingFacts } from './models.ts';
import { reached, run, until } from './running.ts';

type Options = Parameters<typeof startEmbeddedEventStore>[0];

async function openStore(
  options: Options,
  decode: Decode = async events => events.map(() => ({ kind: 'foreign' })),
) {
  const store = await startEmbeddedEventStore(options);
  onTestFinished(() => store.close());
  const client = connectEventStore(store.connectionString);
  onTestFinished(() => disconnect(client));
  return { store, client, source: eventStoreSource(client, decode) };
}

const append = (client: EventStoreDBClient, n: number, stream = `other-${randomUUID()}`, type = 'Happened') =>
  client.appendToStream(
    stream,
    Array.from({ length: n }, (_, i) => jsonEvent({ id: randomUUID(), type, data: { i } })),
  );

/** What a subscription brings until it has brought so many. */
async function brought(
  source: EventSource,
  after: LogPoint | undefined,
  n: number,
): Promise<readonly LogEvent[]> {
  const feed = source.subscribe(after);
  const events: LogEvent[] = [];
  while (events.length < n) events.push(...(await feed.take(n)));
  feed.close();
  expect(await feed.take(1)).toEqual([]);
  return events;
}

test('a subscription brings every event after a place in order, and none of the system’s', async () => {
  const { client, source } = await openStore({ inMemory: true });
  const stream = `other-${randomUUID()}`;
  await append(client, 3, stream);
  await append(client, 1, stream, '$system');
  await append(client, 2, stream);
  const all = await brought(source, undefined, 5);
  const read = [];
  for await (const { event } of client.readAll()) if (event && !event.type.startsWith('$')) read.push(event);
  expect(all.map(({ point }) => point)).toEqual(
    read.map(({ id, position }) => ({ commit: position.commit, prepare: position.prepare, eventId: id })),
  );
  expect(await brought(source, all[2]?.point, 2)).toEqual(all.slice(3));
});

test('the end is the last event that a subscription would bring, however many of the system’s follow', async () => {
  const { client, source } = await openStore({ inMemory: true });
  expect(await source.end()).toBe(undefined);
  await append(client, 4);
  await append(client, 250, 'other-1', '$system');
  const [last] = (await brought(source, undefined, 4)).slice(-1);
  expect(await source.end()).toEqual(last?.point);
});

test('an event is known by its place, and no other', async () => {
  const { client, source } = await openStore({ inMemory: true });
  await append(client, 2);
  const [first, second] = (await brought(source, undefined, 2)).map(({ point }) => point);
  if (!first || !second) throw new Error('two were brought');
  expect(await source.idAt(first)).toBe(first.eventId);
  expect(await source.idAt(second)).toBe(second.eventId);
  expect(
    await source.idAt({ ...second, commit: second.commit + 10_000n, prepare: second.prepare + 10_000n }),
  ).toBe(undefined);
});

test('what a decoder throws is said of its event', async () => {
  const decode: Decode = async events => {
    if (events.some(({ data }) => (data as { i: number }).i === 3)) throw new Error('no sense in it');
    return events.map(() => ({ kind: 'foreign' }));
  };
  const { client, source } = await openStore({ inMemory: true }, decode);
  await append(client, 5, 'other-1');
  const undecodable = {
    kind: 'undecodable',
    reason: 'no sense in it',
    stream: 'other-1',
    revision: 3,
    type: 'Happened',
  };
  const foreign = { kind: 'foreign' };
  const decoded = [foreign, foreign, foreign, undecodable, foreign];
  expect((await brought(source, undefined, 5)).map(each => each.decoded)).toEqual(decoded);
  expect((await source.stream('other-1')).map(each => each.decoded)).toEqual(decoded);
});

test.each([
  ['KEY_MISSING', { failure: { code: 'KEY_MISSING', message: 'no such key' } }],
  ['WRAPPING_KEY_MISSING', { failure: { code: 'WRAPPING_KEY_MISSING', message: 'no such key' } }],
] as const)('%s is a failure that somebody has to put right', async (code, failure) => {
  const decode = () => Promise.reject(vaultError(code, 'no such key'));
  const { client, source } = await openStore({ inMemory: true }, decode);
  await append(client, 1, 'other-1');
  await expect(brought(source, undefined, 1)).rejects.toMatchObject(failure);
  await expect(source.stream('other-1')).rejects.toMatchObject(failure);
});

test('keys that can’t be had for now end the subscription, and the next one brings the event again', async () => {
  let down = true;
  const decode: Decode = async events => {
    if (down) throw vaultError('VAULT_UNAVAILABLE', 'no answer');
    return events.map(() => ({ kind: 'foreign' }));
  };
  const { client, source } = await openStore({ inMemory: true }, decode);
  await append(client, 2);
  const refused = await brought(source, undefined, 2).catch((error: unknown) => error);
  expect(vaultErrorOf(refused)?.vaultError).toBe('VAULT_UNAVAILABLE');
  expect(failureOf(refused)).toBe(undefined);
  down = false;
  expect(await brought(source, undefined, 2)).toHaveLength(2);
});

test('a projector goes on when the store has been away', async () => {
  const postgres = await startTestPostgres();
  onTestFinished(() => postgres.close());
  await postgres.reset();
  const dataDir = await mkdtemp(join(tmpdir(), 'relata-source-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const decode: Decode = async events =>
    events.map(({ id, streamId: stream, type, position }) => ({
      kind: 'event',
      event: recorded({ id, type, stream, aggregateId: randomUUID(), position: position?.commit ?? -1n }),
    }));
  const { store, client, source } = await openStore({ dataDir }, decode);
  const projector = await run({ pool: postgres.pool, source, models: [thingFacts] });
  const first = await append(client, 3);
  await reached(projector, first.position?.commit ?? 0n);
  await store.close();
  await until(projector, ({ state }) => state !== 'failed');
  const again = await startEmbeddedEventStore({ dataDir, port: store.port });
  onTestFinished(() => again.close());
  const other = connectEventStore(again.connectionString);
  onTestFinished(() => disconnect(other));
  const second = await append(other, 3);
  const status = await reached(projector, second.position?.commit ?? 0n);
  expect(status.failure).toBe(undefined);
  const { rows } = await postgres.pool.query('SELECT count(*)::int AS n FROM crm.thing_facts');
  expect(rows).toEqual([{ n: 6 }]);
  await projector.close();
});
