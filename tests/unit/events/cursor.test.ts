/** Places in the feed as text, and whether they are of the log. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cursorOf, isOfLog, parseCursor, printCursor } from '../../../src/api/events/cursor.ts';
import { LOG_START } from '../../../src/eventstore/log.ts';
import { id } from '../../support/ids.ts';
import { memoryLog } from '../../support/memoryLog.ts';

const STREAM = `account-main.${id(1)}`;

describe('as text', () => {
  test('comes back as it went', () => {
    const positions = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
    const marks = fc.option(fc.stringMatching(/^[0-9a-f]{8}$/), { nil: undefined });
    fc.assert(
      fc.property(positions, positions, marks, (a, b, mark) => {
        const [prepare, commit] = a < b ? [a, b] : [b, a];
        const cursor = { commit, prepare, ...(mark !== undefined && { mark }) };
        expect(parseCursor(printCursor(cursor))).toEqual(cursor);
      }),
    );
    expect(parseCursor(printCursor(LOG_START))).toEqual(LOG_START);
  });

  test('a position alone is the last event of its transaction', () =>
    expect(parseCursor('12')).toEqual({ commit: 12n, prepare: 12n }));

  test.each([
    '',
    'x',
    '-1',
    '1.',
    '1.2',
    '2.1.',
    '2.1.xyz',
    '2.1.0123456',
    '1.1.01234567.1',
    `${2n ** 63n}`,
    ' 1',
  ])('%j is none', text => expect(parseCursor(text)).toBeUndefined());
});

describe('of the log', () => {
  const filled = () => {
    const log = memoryLog();
    const events = [
      log.append({ streamId: STREAM, type: 'AccountRegistered' }),
      log.append({ streamId: STREAM, type: 'AccountArchived', sameCommit: true }),
      log.append({ streamId: 'foreign', type: 'Happened' }),
      log.append({ streamId: STREAM, type: 'AccountRestored' }),
    ];
    return { log, events };
  };

  test('is the place of each of its events, the beginning, and a place between', async () => {
    const { log, events } = filled();
    for (const event of events) expect(await isOfLog(log, cursorOf(event))).toBe(true);
    expect(await isOfLog(log, LOG_START)).toBe(true);
    const { commit } = events[0]!.position;
    expect(await isOfLog(log, { commit: commit + 1n, prepare: commit + 1n })).toBe(true);
    const end = events.at(-1)!.position.commit;
    expect(await isOfLog(log, { commit: end, prepare: end }), 'as a command tells it').toBe(true);
  });

  test('is none beyond its end, none where another event stands, and none where none stands any more', async () => {
    const { log, events } = filled();
    const last = events.at(-1)!;
    expect(await isOfLog(log, { commit: last.position.commit + 1n, prepare: 0n })).toBe(false);
    expect(await isOfLog(log, { ...last.position, mark: '00000000' })).toBe(false);
    const { commit } = events[0]!.position;
    expect(await isOfLog(log, { commit: commit + 1n, prepare: commit + 1n, mark: '00000000' })).toBe(false);
    expect(await isOfLog(memoryLog(), cursorOf(last))).toBe(false);
    expect(await isOfLog(memoryLog(), { commit: 5n, prepare: 5n })).toBe(false);
  });

  test('an event of another program leaves no mark: that program may delete it', () => {
    const { events } = filled();
    expect(events.map(event => cursorOf(event).mark === undefined)).toEqual([false, false, true, false]);
  });
});
