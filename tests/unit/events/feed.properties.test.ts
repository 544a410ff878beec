/**
 * The feed as a whole, on a log that grows, breaks off and does not answer: in whatever portions a reader asks, and
 * wherever he begins anew, he gets exactly the log.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cursor, parseCursor, printCursor } from '../../../src/api/events/cursor.ts';
import { createEventFeed, type EventFeed, type FeedStep } from '../../../src/api/events/feed.ts';
import type { Filter } from '../../../src/api/events/filter.ts';
import { LOG_START } from '../../../src/eventstore/log.ts';
import { id } from '../../support/ids.ts';
import { type MemoryLog, memoryLog, type NewLogged } from '../../support/memoryLog.ts';
import { catalog } from '../../support/writeSide.ts';

const tick = () => new Promise(resolve => setImmediate(resolve));

const aWhile = async (): Promise<undefined> => {
  for (let n = 0; n < 5; n++) await tick();
};

const feedOn = (log: MemoryLog): EventFeed =>
  createEventFeed({
    log,
    catalog,
    decode: async stored =>
      stored.map(({ streamId: stream, type }) => ({
        kind: 'undecodable',
        reason: '',
        stream,
        revision: 0,
        type,
      })),
    wait: tick as () => Promise<void>,
    onTrouble: () => undefined,
    tailSize: 8,
  });

const kinds: readonly NewLogged[] = [
  { streamId: `account-main.${id(1)}`, type: 'AccountRegistered' },
  { streamId: `account-main.${id(1)}`, type: 'AccountArchived', sameCommit: true },
  { streamId: `contact-main.${id(2)}`, type: 'ContactCreated' },
  { streamId: `account-other.${id(3)}`, type: 'AccountRegistered' },
  { streamId: `reservation-main.${id(4)}`, type: 'ReservationHeld' },
  { streamId: 'foreign-stream', type: 'Happened' },
  { streamId: '$settings', type: '$metadata' },
];

type Action =
  | { readonly do: 'append'; readonly events: readonly NewLogged[] }
  | { readonly do: 'cut' | 'fail' }
  | { readonly do: 'page'; readonly limit: number }
  | { readonly do: 'steps'; readonly count: number }
  | { readonly do: 'reconnect' | 'rest' };

const events = fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 40 });
const actions: fc.Arbitrary<readonly Action[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), events }) },
    { weight: 1, arbitrary: fc.constantFrom({ do: 'cut' as const }, { do: 'fail' as const }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('page' as const), limit: fc.integer({ min: 1, max: 30 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('steps' as const), count: fc.integer({ min: 1, max: 4 }) }),
    },
    { weight: 2, arbitrary: fc.constantFrom({ do: 'reconnect' as const }, { do: 'rest' as const }) },
  ),
  { maxLength: 40 },
);

/** A reader that is asked by turns for pages and for steps of a stream, and goes on by the text it was given. */
function reader(feed: EventFeed, filter: Filter) {
  const got: string[] = [];
  let at: Cursor = LOG_START;
  let stream:
    | {
        readonly steps: AsyncGenerator<FeedStep, void>;
        readonly over: AbortController;
        coming?: Promise<IteratorResult<FeedStep, void>> | undefined;
      }
    | undefined;
  const takeOver = (next: Cursor) => {
    const again = parseCursor(printCursor(next));
    if (!again) throw new Error(`${printCursor(next)} is no cursor`);
    at = again;
  };
  const leave = async () => {
    stream?.over.abort();
    await stream?.steps.return();
    stream = undefined;
  };
  return {
    got,
    page: async (limit: number) => {
      await leave();
      const { events, next, atEnd } = await feed.page(at, filter, limit);
      got.push(...events.map(({ event }) => event.id));
      takeOver(next);
      return atEnd;
    },
    /** Nothing where nothing has come in a while; it is taken by the next call then, or lost in a new beginning. */
    step: async (): Promise<FeedStep | undefined> => {
      if (!stream) {
        const over = new AbortController();
        stream = { over, steps: feed.follow(at, filter, over.signal) };
      }
      stream.coming ??= stream.steps.next();
      const come = await Promise.race([stream.coming, aWhile()]);
      if (!come) return undefined;
      stream.coming = undefined;
      const { value } = come;
      if (!value) throw new Error('a stream ended by itself');
      got.push(...value.events.map(({ event }) => event.id));
      takeOver(value.next);
      return value;
    },
    leave,
  };
}

async function carryOut(action: Action, log: MemoryLog, readers: readonly ReturnType<typeof reader>[]) {
  switch (action.do) {
    case 'append':
      for (const event of action.events) log.append(event);
      return;
    case 'cut':
      return log.cut(new Error('cut'));
    case 'fail':
      return log.fail(2);
    case 'rest':
      return tick();
    case 'reconnect':
      return void (await Promise.all(readers.map(each => each.leave())));
    case 'page':
      return void (await Promise.all(readers.map(each => each.page(action.limit).catch(() => undefined))));
    case 'steps':
      for (const each of readers) for (let n = 0; n < action.count; n++) await each.step();
  }
}

const filters: readonly [string, (feed: EventFeed) => Filter, (event: NewLogged) => boolean][] = [
  [
    'all of a workspace',
    feed => feed.filter('main', {}),
    ({ streamId }) => /^(account|contact)-main/.test(streamId),
  ],
  [
    'of two types',
    feed => feed.filter('main', { types: ['AccountArchived', 'relata.ReservationHeld'] }),
    ({ streamId, type }) => streamId.includes('-main') && /^(AccountArch|Reserv)/.test(type),
  ],
  ['of another', feed => feed.filter('other', {}), ({ streamId }) => streamId.startsWith('account-other')],
];

test('pages, steps and new beginnings at random give exactly the log', async () => {
  await fc.assert(
    fc.asyncProperty(actions, async script => {
      const log = memoryLog();
      const feed = feedOn(log);
      const readers = filters.map(([, filter]) => reader(feed, filter(feed)));
      for (const action of script) await carryOut(action, log, readers);
      log.fail(0);
      for (const [i, [name, , wanted]] of filters.entries()) {
        const mine = readers[i]!;
        // By the stream, from wherever it stands, and then by pages: neither may have left anything out.
        const last = log.append(kinds[0]!);
        if (i !== 0) while (!(await mine.page(7)));
        else while (!mine.got.includes(last.id)) await mine.step();
        const expected = log
          .events()
          .filter(wanted)
          .map(event => event.id);
        expect(mine.got, name).toEqual(expected);
      }
      await Promise.all(readers.map(each => each.leave()));
      expect(log.listeners()).toBe(0);
      feed.close();
    }),
    { numRuns: 300 },
  );
});
