/** Following a log: what wakes a reader, what ends him, and what many of them share. */
import { expect, test } from 'vitest';
import { type Cursor, cursorOf } from '../../../src/api/events/cursor.ts';
import { follow, type Step } from '../../../src/api/events/follow.ts';
import { type EventLog, LOG_START } from '../../../src/eventstore/log.ts';
import { createLogTail } from '../../../src/eventstore/logTail.ts';
import { id } from '../../support/ids.ts';
import { memoryLog } from '../../support/memoryLog.ts';

const ACCOUNT = { streamId: `account-main.${id(1)}`, type: 'AccountRegistered' };
const tick = () => new Promise<void>(resolve => setImmediate(resolve));

const aWhile = async () => {
  for (let n = 0; n < 10; n++) await tick();
};

function following(log: EventLog, tailSize = 100) {
  const tail = createLogTail({ log, wait: tick, onTrouble: () => undefined, size: tailSize });
  const readers: AbortController[] = [];
  return {
    tail,
    begin: (after: Cursor = LOG_START) => {
      const over = new AbortController();
      readers.push(over);
      const steps = follow({ log, tail, wait: tick }, after, over.signal);
      const next = async (): Promise<Step> => {
        const { value } = await steps.next();
        if (!value) throw new Error('it has ended');
        return value;
      };
      return {
        next,
        /** Ids of so many events. */
        take: async (count: number) => {
          const ids: string[] = [];
          while (ids.length < count) ids.push(...(await next()).events.map(event => event.id));
          return ids;
        },
        end: async () => {
          over.abort();
          await steps.return();
        },
        steps,
      };
    },
  };
}

test('what is written while the log is read, and before it is heard, is not missed', async () => {
  const log = memoryLog();
  const [reads, hears] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let level = false;
  const slow: EventLog = {
    ...log,
    last: async () => {
      await hears.promise;
      return log.last();
    },
    read: async (from, max) => {
      const found = await log.read(from, max);
      if (level) await reads.promise;
      return found;
    },
  };
  const { begin, tail } = following(slow);
  const reader = begin();
  expect((await reader.next()).atEnd).toBe(true);
  level = true;
  const taken = reader.take(1);
  await aWhile(); // the log has been read, and there was nothing
  const written = log.append(ACCOUNT);
  hears.resolve();
  await aWhile(); // the tail begins behind what was written
  expect(tail.connections()).toBe(1);
  reads.resolve();
  expect(await taken).toEqual([written.id]);
  await reader.end();
});

test('all who follow share one subscription, which ends with the last of them', async () => {
  const log = memoryLog();
  const { begin } = following(log);
  const readers = Array.from({ length: 20 }, () => begin());
  for (const { next } of readers) expect((await next()).atEnd).toBe(true);
  const written = [log.append(ACCOUNT), log.append(ACCOUNT)].map(event => event.id);
  for (const { take } of readers) expect(await take(2)).toEqual(written);
  expect(log.listeners()).toBe(1);
  const reads = log.reads();
  const more = log.append(ACCOUNT);
  for (const { take } of readers) expect(await take(1)).toEqual([more.id]);
  expect(log.reads(), 'the log is not read for those who are level').toBe(reads);
  for (const { end } of readers.slice(1)) await end();
  expect(log.listeners()).toBe(1);
  await readers[0]?.end();
  expect(log.listeners()).toBe(0);
});

test('who is slow reads the log again instead of being kept anything for', async () => {
  const log = memoryLog();
  const { begin, tail } = following(log, 10);
  const [slow, quick] = [begin(), begin()];
  await slow.next();
  await quick.next();
  const written = Array.from({ length: 1_000 }, () => log.append(ACCOUNT).id);
  expect(await quick.take(1_000)).toEqual(written);
  expect(tail.since(LOG_START, 1_000)).toBeUndefined();
  expect(tail.since({ commit: 100_000n, prepare: 100_000n }, 1_000)?.length).toBeLessThan(20);
  expect(await slow.take(1_000)).toEqual(written);
  await Promise.all([slow.end(), quick.end()]);
});

test('a store that does not answer is told, and waited for', async () => {
  const log = memoryLog();
  const { begin } = following(log);
  const written = log.append(ACCOUNT);
  log.fail(3);
  const reader = begin();
  expect((await reader.next()).failure).toMatchObject({ message: 'no server' });
  expect(await reader.take(1)).toEqual([written.id]);
  await reader.end();
});

test('a log that has become another one ends it', async () => {
  const log = memoryLog();
  const { begin } = following(log);
  const reader = begin();
  for (let n = 0; n < 3; n++) log.append(ACCOUNT);
  await reader.take(3);
  log.restore(1);
  for (let n = 0; n < 5; n++) log.append(ACCOUNT); // as far as before, and further
  log.cut();
  await expect(reader.take(1)).rejects.toMatchObject({ extensions: { code: 'CURSOR_UNKNOWN' } });
  expect(log.listeners()).toBe(0);
});

test('a log that is heard again, and is the same, goes on', async () => {
  const log = memoryLog();
  const { begin } = following(log);
  const first = log.append(ACCOUNT);
  const reader = begin(cursorOf(first));
  expect((await reader.next()).atEnd).toBe(true);
  log.cut(new Error('gone'));
  const missed = log.append(ACCOUNT);
  expect(await reader.take(1)).toEqual([missed.id]);
  await reader.end();
});

test('ended, it ends at once, also while it waits', async () => {
  const { begin } = following(memoryLog());
  const reader = begin();
  await reader.next();
  const waiting = reader.steps.next();
  await reader.end();
  expect(await waiting).toEqual({ done: true, value: undefined });
});
