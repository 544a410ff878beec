/** Folding a batch in memory: what it leaves of each row, and every version that was superseded on the way. */
import { describe, expect, test } from 'vitest';
import type { RecordedEvent } from '../../../src/eventstore/envelope.ts';
import { int, text } from '../../../src/projections/columns.ts';
import {
  foldSteps,
  type Happening,
  keysToLoad,
  stepsOf,
  type Touched,
  type Version,
} from '../../../src/projections/engine/fold.ts';
import { MOST_PARKED } from '../../../src/projections/engine/parking.ts';
import { factModel, type ReadModel, systemColumns } from '../../../src/projections/readModel.ts';
import { id } from '../../support/ids.ts';
import { recorded } from '../../support/recorded.ts';

/** Its rows count what happened to them; `Gone` takes them away. */
const counts: ReadModel = {
  kind: 'readModel',
  name: 'counts',
  version: 1,
  of: undefined,
  category: 'thing',
  history: true,
  appendOnly: false,
  columns: { n: int, ...systemColumns },
  retired: {},
  indexes: [],
  handler: event =>
    event.type === 'Unwanted'
      ? undefined
      : {
          keys: ({ data, aggregateId }) => (data.keys as string[] | undefined) ?? [aggregateId],
          evolve: (row, { type }) => {
            if (type === 'Broken') throw new Error('it is broken');
            return type === 'Gone' ? null : { n: Number(row?.n ?? 0) + 1 };
          },
        },
};
const records: ReadModel = { ...counts, of: { category: 'thing' } as ReadModel['of'] }; // only whether there is one is looked at

const happened = (type: string, n: number, more: Partial<RecordedEvent> = {}) =>
  recorded({
    type,
    aggregateId: id(1),
    revision: n,
    position: BigInt(n * 10),
    occurredAt: `2024-01-0${n + 1}T00:00:00.000Z`,
    ...more,
  });

const version = (n: number, at: number): Version => ({
  row: { n },
  revision: at,
  validFrom: `2024-01-0${at + 1}T00:00:00.000Z`,
  knownFrom: BigInt(at * 10),
});
const end = (at: number) => ({ validTo: `2024-01-0${at + 1}T00:00:00.000Z`, knownTo: BigInt(at * 10) });

function folded(events: readonly RecordedEvent[], stored?: Version): readonly Touched[] {
  return [...foldSteps(counts, stepsOf(counts, events), () => stored).changes.values()];
}

describe('a row', () => {
  test('that is new has only what is current, and what passed within the batch', () => {
    expect(folded([0, 1, 2].map(n => happened('Made', n)))).toEqual([
      {
        workspaceId: 'default',
        id: id(1),
        stored: undefined,
        storedEnd: undefined,
        current: version(3, 2),
        passed: [
          { ...version(1, 0), ...end(1) },
          { ...version(2, 1), ...end(2) },
        ],
      },
    ]);
  });

  test('that is stored ends where it is superseded first', () => {
    const stored = version(7, 0);
    expect(folded([happened('Made', 1), happened('Made', 2)], stored)).toMatchObject([
      { stored, storedEnd: end(1), current: version(9, 2), passed: [{ ...version(8, 1), ...end(2) }] },
    ]);
  });

  test('that goes away ends, and one that comes again begins anew', () => {
    const stored = version(7, 0);
    expect(folded([happened('Gone', 1)], stored)).toMatchObject([
      { storedEnd: end(1), current: undefined, passed: [] },
    ]);
    expect(folded([happened('Gone', 1), happened('Gone', 2), happened('Made', 3)], stored)).toMatchObject([
      { storedEnd: end(1), current: version(1, 3), passed: [] },
    ]);
  });

  test('that never was there has no versions', () => {
    expect(folded([happened('Gone', 1)])).toMatchObject([
      { current: undefined, storedEnd: undefined, passed: [] },
    ]);
  });
});

test('an event may touch several rows, and rows of the same id in two workspaces are two', () => {
  const touched = folded([
    happened('Made', 0, { data: { keys: [id(1), id(2)] } }),
    happened('Made', 1, { workspaceId: 'other' }),
    happened('Unwanted', 2),
  ]);
  expect(touched.map(row => [row.workspaceId, row.id, row.current?.row.n])).toEqual([
    ['default', id(1), 1],
    ['default', id(2), 1],
    ['other', id(1), 1],
  ]);
});

describe('the rows that must be known', () => {
  const loaded = (model: ReadModel, ...events: readonly RecordedEvent[]) =>
    [...keysToLoad(model, stepsOf(model, events)).values()].map(key => key.id);

  test('of records are those whose stream doesn’t begin in the batch', () => {
    const born = happened('Made', 0, { aggregateId: id(2) });
    const again = happened('Made', 1, { aggregateId: id(2) });
    expect(loaded(records, happened('Made', 4), born, again)).toEqual([id(1)]);
  });

  test('of other rows are all: their keys come out of the data', () => {
    expect(loaded(counts, happened('Made', 0), happened('Made', 0, { data: { keys: [id(3)] } }))).toEqual([
      id(1),
      id(3),
    ]);
  });

  test('of facts are none', () => {
    const facts = factModel('facts', { version: 1, columns: { type: text }, fact: ({ type }) => ({ type }) });
    expect(loaded(facts, happened('Made', 4))).toEqual([]);
  });
});

describe('an event that can’t be folded', () => {
  const named = { stream: `thing-default.${id(1)}`, revision: 3, type: 'Broken', position: 30n };
  const parkedBy = (...events: readonly RecordedEvent[]) =>
    foldSteps(counts, stepsOf(counts, events), () => undefined);

  test('parks the row that it touches, which stays as it was; what comes later is counted', () => {
    const { changes, parked, behind } = parkedBy(
      happened('Made', 2),
      happened('Broken', 3),
      happened('Made', 4),
      happened('Gone', 5),
    );
    expect([...changes.values()]).toMatchObject([
      { current: version(1, 2), passed: [], storedEnd: undefined },
    ]);
    expect(parked).toMatchObject([
      {
        scope: 'row',
        workspaceId: 'default',
        key: id(1),
        code: 'FOLD_FAILED',
        reason: 'it is broken',
        ...named,
      },
    ]);
    expect([...behind]).toEqual([[parked[0], 2]]);
  });

  test('is applied to none of several rows, be it that one of them could be folded', () => {
    const half: ReadModel = {
      ...counts,
      handler: () => ({
        keys: ({ data }) => data.keys as string[],
        evolve: (row, { data }, key) => {
          if (data.breaks === key) throw new Error('it is broken');
          return { n: Number(row?.n ?? 0) + 1 };
        },
      }),
    };
    const [one, two, three] = [id(1), id(2), id(3)];
    const steps = stepsOf(half, [
      happened('Made', 0, { data: { keys: [one, two] } }),
      happened('Made', 1, { data: { keys: [one, one, two], breaks: two } }),
      happened('Made', 2, { data: { keys: [two, three] } }),
    ]);
    const { changes, parked, behind } = foldSteps(half, steps, () => undefined);
    expect([...changes.values()].map(row => [row.id, row.current?.row.n, row.passed])).toEqual([
      [one, 1, []],
      [two, 1, []],
      [three, 1, []],
    ]);
    expect(parked.map(({ key }) => key)).toEqual([one, two]);
    expect([...behind.values()]).toEqual([1]);
  });

  test('and doesn’t even say which rows it touches parks its stream', () => {
    const data = {
      get keys() {
        throw new Error('it is broken');
      },
    };
    const other = happened('Made', 5, { aggregateId: id(2), stream: `thing-default.${id(2)}` });
    const { changes, parked, behind } = parkedBy(
      happened('Made', 2),
      happened('Broken', 3, { data }),
      happened('Made', 4, { data: { keys: [id(7)] } }),
      other,
    );
    expect(parked).toMatchObject([{ scope: 'stream', key: id(1), code: 'FOLD_FAILED', ...named }]);
    expect([...behind.values()]).toEqual([1]);
    expect([...changes.values()].map(row => row.id)).toEqual([id(1), id(2)]);
  });
});

describe('an event that can’t be read', () => {
  const unreadable = (stream: string): Happening => ({
    unreadable: true,
    stream,
    revision: 3,
    type: 'Dreamt',
    position: 30n,
    eventId: id(9),
    reason: 'unknown event type',
  });
  const facts = factModel('facts', { version: 1, columns: { type: text }, fact: ({ type }) => ({ type }) });

  test.each([
    ['of a record’s stream parks the record', records, { scope: 'row', key: id(1) }],
    ['of other rows’ stream parks all of the stream', counts, { scope: 'stream', key: id(1) }],
    ['parks its own fact alone', facts, { scope: 'row', key: id(9) }],
  ])('%s', (_, model, what) => {
    const { parked } = foldSteps(
      model,
      stepsOf(model, [unreadable(`thing-default.${id(1)}`)]),
      () => undefined,
    );
    expect(parked).toMatchObject([
      { ...what, code: 'UNDECODABLE', reason: 'unknown event type', position: 30n },
    ]);
  });

  test('concerns the models of its category', () => {
    expect(stepsOf(counts, [unreadable(`other-default.${id(1)}`)])).toEqual([]);
    expect(stepsOf(facts, [unreadable(`other-default.${id(1)}`)])).toHaveLength(1);
  });
});

test('so many parked rows are not the events’ doing', () => {
  const events = Array.from({ length: MOST_PARKED + 1 }, (_, n) =>
    happened('Broken', 3, { aggregateId: id(n) }),
  );
  expect(() => foldSteps(counts, stepsOf(counts, events), () => undefined)).toThrow(
    expect.objectContaining({
      failure: expect.objectContaining({ code: 'TOO_MANY_PARKED', model: 'counts' }),
    }),
  );
});
