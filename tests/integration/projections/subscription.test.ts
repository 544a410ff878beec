import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { migrate } from '../../../src/projections/engine/migrate.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { gate } from './gate.ts';
import { type MemoryLog, memoryLog } from './memoryLog.ts';
import { checkpoints, reached, run, until } from './running.ts';
import { expectWhole, make, projected } from './things.ts';
import { uneven } from './uneven.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(() => postgres.reset());

describe('a subscription', () => {
  test.each([
    ['ends cleanly', (log: MemoryLog) => log.cut()],
    ['fails', (log: MemoryLog) => log.fail(new Error('unavailable'))],
  ])('that %s is made anew from the stored checkpoint, and nothing is lost', async (_, end) => {
    const log = memoryLog();
    const { source, begun } = gate(log.source, () => undefined);
    const projector = await run({ pool: postgres.pool, source: uneven(source, [3]) });
    await reached(projector, make(log));
    for (let i = 0; i < 4; i++) {
      make(log, 10);
      end(log); // what it has been given and not yet taken is handed out still
      await reached(projector, make(log, 10));
    }
    await expectWhole(postgres.pool, log);
    expect(log.subscriptions()).toBeGreaterThan(4);
    const places = begun.map(point => point?.commit ?? -1n);
    expect(places).toEqual(places.toSorted((a, b) => Number(a - b)));
  });

  test('that brings more than is taken is held back, and goes on', async () => {
    const log = memoryLog();
    const last = make(log, 5_500);
    const projector = await run({ pool: postgres.pool, source: log.source });
    await reached(projector, last);
    await expectWhole(postgres.pool, log);
  });

  test('that brings an event again is made anew', async () => {
    const log = memoryLog();
    const projector = await run({ pool: postgres.pool, source: uneven(log.source, [2, 0, 3]) });
    await reached(projector, make(log, 15));
    await expectWhole(postgres.pool, log);
  });
});

describe('a log that is not the one that was read', () => {
  const refusal = async (log: MemoryLog) => {
    const projector = await run({ pool: postgres.pool, source: log.source });
    const { failure } = await until(projector, ({ state }) => state === 'failed');
    await projector.close();
    return failure;
  };

  test('is refused when it ends before the checkpoint: an older backup', async () => {
    const log = memoryLog();
    make(log, 5);
    await projected(postgres.pool, log);
    const before = await checkpoints(postgres.pool);
    log.truncate(3);
    expect(await refusal(log)).toMatchObject({ code: 'OTHER_LOG', position: 500n });
    expect((await refusal(log))?.message).toMatch(
      /ends at position 300.*older backup.*Connect the event store/s,
    );
    expect(await checkpoints(postgres.pool)).toEqual(before);
  });

  test('is refused when it is empty', async () => {
    const log = memoryLog();
    make(log);
    await projected(postgres.pool, log);
    expect((await refusal(memoryLog()))?.message).toMatch(/ends at its beginning/);
  });

  test('is refused when another event stands at the checkpoint: another cluster', async () => {
    const log = memoryLog();
    make(log, 3);
    await projected(postgres.pool, log);
    const other = memoryLog();
    make(other, 9);
    expect(await refusal(other)).toMatchObject({ code: 'OTHER_LOG', position: 300n });
    expect((await refusal(other))?.message).toMatch(/it is another log/);
  });

  test('is refused as well by a subscription that is made anew', async () => {
    const log = memoryLog();
    const projector = await run({ pool: postgres.pool, source: log.source });
    await reached(projector, make(log, 5));
    log.truncate(2);
    log.cut();
    const { failure } = await until(projector, ({ state }) => state === 'failed');
    expect(failure?.code).toBe('OTHER_LOG');
  });

  test('is read once the database has been emptied as the refusal says', async () => {
    const log = memoryLog();
    make(log, 3);
    await projected(postgres.pool, log);
    const other = memoryLog();
    make(other, 4);
    const said = /\(drop schemas (\w+) and (\w+)\)/.exec((await refusal(other))?.message ?? '');
    await postgres.pool.query(`DROP SCHEMA ${said?.[1]} CASCADE; DROP SCHEMA ${said?.[2]} CASCADE`);
    await migrate(postgres.pool);
    await projected(postgres.pool, other);
    await expectWhole(postgres.pool, other);
  });
});
