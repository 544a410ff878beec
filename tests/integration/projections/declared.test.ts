import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { pipeline } from '../../../src/domain/sales/pipeline.ts';
import { loadCatalog } from '../../../src/eventstore/catalog.ts';
import { loadReadModels } from '../../../src/projections/catalog.ts';
import { asReadNow } from '../../support/erased.ts';
import { STAGES } from '../../support/sales.ts';
import { lived, wishesTo } from '../../support/wishes.ts';
import { bothSides } from './compare.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { type MemoryLog, memoryLog } from './memoryLog.ts';
import { reached, run } from './running.ts';

const [catalog, models] = await Promise.all([loadCatalog(), loadReadModels()]);
const aggregates = [...catalog.aggregates.values()];
let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(() => postgres.reset());

async function shown(log: MemoryLog) {
  const projector = await run({ pool: postgres.pool, source: log.source, models });
  const status = await reached(projector, log.events().at(-1)?.position ?? -1n);
  await projector.close();
  return status;
}

test(
  'Postgres holds whatever the domain decides, in every read model',
  () =>
    fc.assert(
      fc.asyncProperty(
        fc.tuple(...aggregates.map(aggregate => wishesTo(aggregate, { maxLength: 40 }))),
        async wishes => {
          await postgres.reset();
          const log = memoryLog();
          for (const [i, aggregate] of aggregates.entries()) {
            const events = await lived(aggregate, wishes[i] ?? []);
            const at = { category: aggregate.category, aggregateId: randomUUID() };
            log.append(
              ...events.map(({ type, data }) => ({ ...at, type, data: JSON.parse(JSON.stringify(data)) })),
            );
          }
          expect((await shown(log)).failure).toBe(undefined);
          const events = asReadNow(catalog, log.events()); // some lives end in an erasure
          const { stored, folded } = await bothSides(postgres.pool, models, events);
          expect(stored).toEqual(folded);
        },
      ),
      { numRuns: 5 },
    ),
  60_000,
);

test('two streams may touch one row, although none should', async () => {
  const log = memoryLog(pipeline.category);
  const { type } = pipeline.events.PipelineDefined.eventType;
  for (const name of ['first', 'second'])
    log.append({ type, aggregateId: randomUUID(), data: { name, stages: STAGES } });
  expect((await shown(log)).failure).toBe(undefined);
  log.append({
    type,
    aggregateId: randomUUID(),
    data: { name: 'third, told to another projector', stages: STAGES },
  });
  expect((await shown(log)).failure).toBe(undefined);
  const { stored, folded } = await bothSides(postgres.pool, models, log.events());
  expect(stored).toEqual(folded);
});
