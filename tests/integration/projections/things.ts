/** What the tests of the engine do over and over: things are made, projected, and compared with a fold from scratch. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { expect } from 'vitest';
import type { ReadModel } from '../../../src/projections/readModel.ts';
import { bothSides } from './compare.ts';
import type { MemoryLog } from './memoryLog.ts';
import { testModels } from './models.ts';
import { reached, run } from './running.ts';

/** All things have it, so its row counts them. */
const PART = randomUUID();

/** @returns the last one's position. */
export const make = (log: MemoryLog, n = 1): bigint =>
  log.append(
    ...Array.from({ length: n }, (_, i) => ({
      type: 'ThingMade',
      aggregateId: randomUUID(),
      data: { name: `thing ${i}`, tags: ['new'], parts: [PART] },
    })),
  );

/** Projects all that is in the log, and ends. */
export async function projected(pool: pg.Pool, log: MemoryLog): Promise<void> {
  const projector = await run({ pool, source: log.source });
  await reached(projector, log.events().at(-1)?.position ?? -1n);
  await projector.close();
}

/** @param before the position from which on nothing has been applied. */
export async function expectWhole(
  pool: pg.Pool,
  log: MemoryLog,
  { models = testModels, before }: { readonly models?: readonly ReadModel[]; readonly before?: bigint } = {},
): Promise<void> {
  const events = log.events().filter(({ position }) => before === undefined || position < before);
  const { stored, folded } = await bothSides(pool, models, events);
  expect(stored).toEqual(folded);
}
