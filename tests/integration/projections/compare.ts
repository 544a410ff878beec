/** The tables against a fold from scratch. */
import type pg from 'pg';
import type { RecordedEvent } from '../../../src/eventstore/envelope.ts';
import { canonical, foldFromScratch, readVersions } from '../../../src/projections/engine/verify.ts';
import type { ReadModel } from '../../../src/projections/readModel.ts';

/** Both sides as sorted texts, a version each, by model: to be compared with `toEqual`. */
export async function bothSides(
  pool: pg.Pool,
  models: readonly ReadModel[],
  events: readonly RecordedEvent[],
) {
  const expected = foldFromScratch(models, events);
  const sides = { stored: {} as Record<string, string[]>, folded: {} as Record<string, string[]> };
  for (const model of models) {
    const folded = (expected.get(model.name) ?? []).filter(
      version => model.history || version.validTo === null,
    );
    sides.folded[model.name] = folded.map(version => canonical(model, version)).sort();
    sides.stored[model.name] = (await readVersions(pool, model))
      .map(version => canonical(model, version))
      .sort();
  }
  return sides;
}
