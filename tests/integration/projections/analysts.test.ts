/** The role that analysts are put into: every view, also one that was made anew, and nothing behind them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { memoryLog } from './memoryLog.ts';
import { testModels, things } from './models.ts';
import { eventually, reached, run, shownBuild } from './running.ts';
import { make } from './things.ts';

let postgres: TestPostgres;
const log = memoryLog();
beforeAll(async () => {
  postgres = await startTestPostgres();
  await postgres.reset();
  const projector = await run({ pool: postgres.pool, source: log.source });
  await reached(projector, make(log, 3));
  await projector.close();
});
afterAll(() => postgres.close());

async function asAnalyst(statement: string): Promise<number> {
  const client = await postgres.pool.connect();
  try {
    await client.query('SET ROLE relata_analyst');
    return (await client.query(statement)).rows.length;
  } finally {
    client.release(true);
  }
}

test.each(['crm.things', 'crm.things_history', 'crm.thing_facts'])('reads %s', async view => {
  expect(await asAnalyst(`SELECT FROM ${view}`)).toBe(3);
});

test.each([
  'SELECT FROM things_v1_b1.rows',
  'SELECT FROM relata.builds',
  'SELECT FROM relata.parked',
  `UPDATE crm.things SET name = 'mine'`,
  'CREATE TABLE crm.mine ()',
])('may not %s', async statement => {
  await expect(asAnalyst(statement)).rejects.toThrow(/permission denied/);
});

test('reads what another version shows, whose view was made anew', async () => {
  const { note: _, ...columns } = things.columns;
  const models = [{ ...things, version: 2, columns }, ...testModels.slice(1)];
  const projector = await run({ pool: postgres.pool, source: log.source, models });
  await eventually(
    () => shownBuild(postgres.pool, 'things'),
    schema => expect(schema).toBe('things_v2_b1'),
  );
  await reached(projector, make(log));
  expect(await asAnalyst('SELECT name FROM crm.things')).toBe(4);
  await expect(asAnalyst('SELECT note FROM crm.things')).rejects.toThrow(/does not exist/);
});
