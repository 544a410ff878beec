/** The tables against the plain fold: what was changed in them is found and named, and nothing else is. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RecordedEvent } from '../../../src/eventstore/envelope.ts';
import { openRowCheck, sumFolded } from '../../../src/projections/engine/checkRows.ts';
import type { RowDifference } from '../../../src/projections/engine/rowDifferences.ts';
import { foldPlainly, type TrueVersion } from '../../../src/projections/engine/truth.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { type MemoryLog, memoryLog } from './memoryLog.ts';
import { testModels } from './models.ts';
import { shownBuild } from './running.ts';
import { make, projected } from './things.ts';

let postgres: TestPostgres;
let log: MemoryLog;
beforeAll(async () => {
  postgres = await startTestPostgres();
}, 60_000);
afterAll(() => postgres.close());

/** Things that are made and renamed, so that there is history. */
beforeEach(async () => {
  await postgres.reset();
  log = memoryLog();
  make(log, 40);
  for (const { aggregateId } of log.events().slice(0, 20))
    log.append({ type: 'ThingChanged', aggregateId, data: { name: 'other' } });
  await projected(postgres.pool, log);
});

async function check(
  events = log.events(),
): Promise<{ rows: number; found: readonly RowDifference[]; skipped: readonly string[] }> {
  const rows = await openRowCheck(postgres.url, testModels);
  try {
    await rows.readTables(() => undefined);
    // In two parts by their streams, as `relata verify` folds them in two threads.
    for (const part of [0, 1]) {
      const folded = sumFolded(testModels, rows.comparable, rows.salt);
      for (const event of events) if (partOf(event) === part) folded.add(event);
      rows.addFolded(folded.finish());
      folded.close();
    }
    const { rows: count, closerLook } = await rows.finish();
    const skipped = rows.skipped.map(({ model }) => model);
    if (!closerLook) return { rows: count, found: [], skipped };
    for (const event of events) closerLook.add(event);
    return { rows: count, found: closerLook.finish(), skipped };
  } finally {
    await rows.close();
  }
}

/** `thingParts` has one row for all streams: all that make it are in one part. */
const partOf = ({ aggregateId, data }: RecordedEvent) =>
  'parts' in data ? 0 : Number.parseInt(aggregateId.slice(-1), 16) % 2;

/** In the tables behind the views, as somebody with the database's password could. */
async function alter(model: string, text: (schema: string) => string): Promise<pg.QueryResult> {
  const result = await postgres.pool.query(text(`"${await shownBuild(postgres.pool, model)}"`));
  expect(result.rowCount).toBe(1);
  return result;
}

test('nothing is found in what was projected', async () => {
  const { rows, found, skipped } = await check();
  expect({ found, skipped }).toEqual({ found: [], skipped: [] });
  expect(rows).toBeGreaterThan(100);
});

describe('what was changed is named', () => {
  const ONE = 'SELECT ctid FROM';
  test('a value of a row', async () => {
    await alter(
      'things',
      schema => `UPDATE ${schema}.rows SET name = 'forged' WHERE ctid = (${ONE} ${schema}.rows LIMIT 1)`,
    );
    expect((await check()).found).toEqual([
      expect.objectContaining({ kind: 'differs', model: 'things', table: 'rows', columns: ['name'] }),
    ]);
  });
  test('a time in the history', async () => {
    await alter(
      'things',
      schema =>
        `UPDATE ${schema}.history SET valid_to = valid_to + interval '1 ms' WHERE ctid = (${ONE} ${schema}.history LIMIT 1)`,
    );
    expect((await check()).found).toEqual([
      expect.objectContaining({ kind: 'differs', table: 'history', columns: ['valid_to'] }),
    ]);
  });
  test('a row that is gone', async () => {
    await alter(
      'things',
      schema => `DELETE FROM ${schema}.rows WHERE ctid = (${ONE} ${schema}.rows LIMIT 1)`,
    );
    expect((await check()).found).toEqual([
      expect.objectContaining({ kind: 'missing', model: 'things', table: 'rows' }),
    ]);
  });
  test('a version that no event made', async () => {
    await alter('things', schema => `INSERT INTO ${schema}.history SELECT * FROM ${schema}.history LIMIT 1`);
    expect((await check()).found).toEqual([expect.objectContaining({ kind: 'unfounded', table: 'history' })]);
  });
  test('a row of another workspace', async () => {
    await alter(
      'things',
      schema =>
        `UPDATE ${schema}.rows SET workspace_id = 'other' WHERE ctid = (${ONE} ${schema}.rows LIMIT 1)`,
    );
    expect((await check()).found.map(({ kind }) => kind).sort()).toEqual(['missing', 'unfounded']);
  });
  test('rows whose event was taken out of the log', async () => {
    const found = (await check(log.events().slice(1))).found;
    expect(found).toContainEqual(
      expect.objectContaining({ kind: 'unfounded', model: 'thingFacts', table: 'rows' }),
    );
  });
});

test('any value that a column can hold is the same in the table', async () => {
  const awkward = fc.oneof(
    fc.constantFrom(
      '',
      ' ',
      'null',
      'NULL',
      '\\N',
      '\\',
      '{a,"b"}',
      'a\tb\nc\rd\ve\bf\fg',
      '\u00a0',
      'é😀',
      "'; --",
      '\u007f\u0001',
    ),
    fc.string({ unit: 'grapheme' }).map(text => text.replaceAll('\u0000', '')),
  );
  const instants = fc
    .date({
      min: new Date('0001-01-01T00:00:00.000Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    })
    .map(date => date.toISOString());
  const numbers = fc.oneof(
    fc.constantFrom(0, -1, 1.5, 1e21, -2.5e-7, 1.7976931348623157e308, 5e-324, 123456789012345680000),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(number => (Object.is(number, -0) ? 0 : number)),
  );
  const json = fc.letrec(tie => ({
    value: fc.oneof(
      { depthSize: 'small' },
      awkward,
      numbers,
      fc.boolean(),
      fc.constant(null),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('value'), { maxLength: 3 }),
    object: fc.dictionary(awkward, tie('value'), { maxKeys: 4 }),
  })).value;
  const amounts = fc.constantFrom('0', '0.10', '-12500.50', '999999999999999.9999', '18400', '-0.01');
  const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
  const thing = fc.record({
    name: awkward,
    note: optional(awkward),
    colour: optional(fc.constantFrom('red', 'green')),
    size: optional(fc.integer()),
    done: fc.boolean(),
    price: optional(fc.record({ amount: amounts, currency: fc.constantFrom('EUR', 'USD') })),
    dueOn: optional(instants.map(instant => instant.slice(0, 10))),
    seenAt: optional(instants),
    ownerId: optional(fc.uuid()),
    partIds: fc.array(fc.uuid(), { maxLength: 3 }),
    tags: fc.array(awkward, { maxLength: 4 }),
    extra: optional(json),
  });
  for (const data of fc.sample(thing, 400))
    log.append({ type: 'ThingMade', aggregateId: randomUUID(), data });
  await projected(postgres.pool, log);
  expect((await check()).found).toEqual([]);
});

test('events after the tables’ own position are none of theirs', async () => {
  make(log, 5);
  expect((await check()).found).toEqual([]);
});

test('what is parked is as it was before the event that could not be applied', async () => {
  const [broken, unread] = log.events();
  log.append(
    { type: 'ThingBroken', aggregateId: broken!.aggregateId },
    { type: 'ThingChanged', aggregateId: broken!.aggregateId, data: { name: 'never shown' } },
    { type: 'ThingChanged', aggregateId: unread!.aggregateId, data: { name: 'shown' } },
  );
  await projected(postgres.pool, log);
  const parked = await postgres.pool.query('SELECT FROM relata.parked');
  expect(parked.rowCount).toBeGreaterThan(0);
  expect((await check()).found).toEqual([]);
});

test('what is not built yet is left out, and said', async () => {
  await postgres.reset();
  const { skipped, rows } = await check();
  expect([skipped, rows]).toEqual([testModels.map(({ name }) => name), 0]);
});

test('the fold is the same when it must spill', () => {
  const foldWith = (inMemory?: number): readonly string[] => {
    const told: TrueVersion[] = [];
    const fold = foldPlainly(
      testModels.map(model => ({ model, tell: version => told.push(version) })),
      inMemory,
    );
    for (const event of log.events()) fold.add(event);
    fold.finish();
    fold.close();
    return told
      .map(version => JSON.stringify(version, (_, value) => (typeof value === 'bigint' ? `${value}` : value)))
      .sort();
  };
  expect(foldWith(3)).toEqual(foldWith());
});
