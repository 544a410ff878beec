import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bothSides } from './compare.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { memoryLog } from './memoryLog.ts';
import { testModels } from './models.ts';
import { reached, run } from './running.ts';
import { make } from './things.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(() => postgres.reset());

const everything = {
  name: 'A "quoted" \\ name, {braced}\nand more\t😀',
  note: '',
  colour: 'red',
  size: -7,
  done: true,
  price: { amount: '12500.50', currency: 'EUR' },
  dueOn: '2024-02-29',
  seenAt: '2024-02-29T23:59:59.999Z',
  ownerId: randomUUID(),
  partIds: [randomUUID(), randomUUID()],
  tags: ['a,b', '"c"', '\\d', 'NULL', ''],
  extra: { list: [1, 2.5, null, 'x'], nested: { a: true }, text: 'a "b" \\ c' },
};

describe('the projector', () => {
  it('stores and reads back every kind of value', async () => {
    const log = memoryLog();
    const [full, empty] = [randomUUID(), randomUUID()];
    log.append(
      { type: 'ThingMade', aggregateId: full, data: everything },
      { type: 'ThingMade', aggregateId: empty, data: { name: 'NULL' } },
    );
    const first = await run({ pool: postgres.pool, source: log.source });
    await reached(first, log.append({ type: 'Unwanted', aggregateId: empty }));
    await first.close();
    // A second projector has nothing in memory: it folds on from what the tables hold.
    const second = await run({ pool: postgres.pool, source: log.source });
    await reached(
      second,
      log.append(
        { type: 'ThingChanged', aggregateId: full, data: { size: 8 } },
        { type: 'ThingChanged', aggregateId: empty, data: { note: 'n' } },
      ),
    );
    const { stored, folded } = await bothSides(postgres.pool, testModels, log.events());
    expect(stored).toEqual(folded);
  });

  it('tells the size of each batch that it has taken', async () => {
    const log = memoryLog();
    const last = make(log, 3_500);
    const sizes: number[] = [];
    const projector = await run({
      pool: postgres.pool,
      source: log.source,
      onBatch: events => sizes.push(events),
    });
    await reached(projector, last);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(log.events().length);
    expect(Math.max(...sizes)).toBe(1_000);
  });
});
