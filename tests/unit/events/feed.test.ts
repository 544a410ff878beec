/** Bounds of the feed, and what it does while events can't be opened. */
import { expect, test } from 'vitest';
import { parseCursor } from '../../../src/api/events/cursor.ts';
import type { Decode } from '../../../src/api/events/delivery.ts';
import { createEventFeed } from '../../../src/api/events/feed.ts';
import { LOG_START } from '../../../src/eventstore/log.ts';
import { id } from '../../support/ids.ts';
import { memoryLog } from '../../support/memoryLog.ts';
import { catalog } from '../../support/writeSide.ts';

const ACCOUNT = { streamId: `account-main.${id(1)}`, type: 'AccountRegistered' };
const tick = () => new Promise<void>(resolve => setImmediate(resolve));
const opened: Decode = async stored =>
  stored.map(({ streamId: stream, type }) => ({
    kind: 'undecodable',
    reason: '',
    stream,
    revision: 0,
    type,
  }));

function feedOf(decode: Decode = opened) {
  const log = memoryLog();
  const troubles: unknown[] = [];
  const feed = createEventFeed({
    log,
    catalog,
    decode,
    wait: tick,
    onTrouble: error => troubles.push(error),
  });
  return { log, feed, troubles, all: feed.filter('main', {}) };
}

test('a page looks at so many events and no more, and leads on behind them', async () => {
  const { log, feed } = feedOf();
  for (let n = 0; n < 12_000; n++) log.append(ACCOUNT);
  const last = log.append({ streamId: `contact-main.${id(2)}`, type: 'ContactCreated' });
  const contacts = feed.filter('main', { category: 'contact' });
  const pages = [];
  let at = LOG_START;
  do {
    const page = await feed.page(at, contacts, 10);
    pages.push([page.events.map(({ event }) => event.id), page.atEnd]);
    at = page.next;
  } while (!pages.at(-1)?.[1]);
  expect(pages).toEqual([
    [[], false],
    [[], false],
    [[last.id], true],
  ]);
});

test('a page of large events ends early, and holds one at least', async () => {
  const { log, feed, all } = feedOf();
  const large = [3_000_000, 3_000_000, 5_000_000, 10].map(size =>
    log.append({ ...ACCOUNT, data: 'x'.repeat(size) }),
  );
  const sizes = [];
  const ids = [];
  for (let at = LOG_START, atEnd = false; !atEnd; ) {
    const page = await feed.page(at, all, 100);
    sizes.push(page.events.length);
    ids.push(...page.events.map(({ event }) => event.id));
    at = page.next;
    atEnd = page.atEnd;
  }
  expect(sizes).toEqual([2, 1, 1]);
  expect(ids).toEqual(large.map(event => event.id));
});

test('it leads past however many events of the system’s', async () => {
  const { log, feed, all } = feedOf();
  const [first] = [log.append(ACCOUNT)];
  for (let n = 0; n < 11_000; n++) log.append({ streamId: '$stats', type: '$statsCollected' });
  const second = log.append(ACCOUNT);
  const got: string[] = [];
  let pages = 0;
  for (let at = LOG_START, atEnd = false; !atEnd; pages++) {
    const page = await feed.page(at, all, 100);
    got.push(...page.events.map(({ event }) => event.id));
    at = page.next;
    atEnd = page.atEnd;
  }
  expect(got).toEqual([first.id, second.id]);
  expect(pages).toBe(3);
});

test('while keys can not be had a stream waits, and a page is refused; nothing is left out', async () => {
  let failing = 3;
  const { log, feed, all, troubles } = feedOf(async stored => {
    if (failing-- > 0) throw new Error('no keys at present');
    return opened(stored);
  });
  const written = [log.append(ACCOUNT), log.append(ACCOUNT)].map(event => event.id);
  await expect(feed.page(LOG_START, all, 10)).rejects.toThrow('no keys');
  const over = new AbortController();
  const steps = feed.follow(LOG_START, all, over.signal);
  const got: string[] = [];
  const waits: boolean[] = [];
  while (got.length < 2) {
    const { value } = await steps.next();
    if (!value) throw new Error('it ended');
    if (value.waitsForStore) expect(value.next).toEqual(parseCursor('start'));
    waits.push(value.waitsForStore);
    got.push(...value.events.map(({ event }) => event.id));
  }
  expect(got).toEqual(written);
  expect(waits).toEqual([true, true, false]);
  expect(troubles).toHaveLength(2);
  over.abort();
  await steps.return();
});
