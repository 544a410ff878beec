/**
 * Catching up on two sides at once: while Postgres writes one batch, the next is folded already, over what the first
 * will have left. When something comes to nothing, what is not stored is forgotten and taken up again with care.
 */
import { applyBatch, fold, forget, type Owner, store, trim } from './applyBatch.ts';
import type { Group } from './group.ts';
import { isDataError } from './refused.ts';
import { comparePoints, type LogEvent } from './source.ts';

/**
 * @param next the batch that follows, if it is there without waiting; otherwise empty.
 * @throws as `applyBatch`.
 */
export async function applyBatches(
  group: Group,
  first: readonly LogEvent[],
  next: () => Promise<readonly LogEvent[]>,
  owner: Owner,
): Promise<void> {
  let storing = Promise.resolve();
  let pending: readonly LogEvent[] = [];
  try {
    for (let batch = first; batch.length > 0; batch = await next()) {
      pending = [...pending, ...batch];
      const folded = await fold(group, batch, owner);
      await storing;
      trim(group, folded);
      pending = batch;
      storing = store(group, folded, owner);
      storing.catch(() => undefined); // it is awaited below, or when the next has been folded
    }
    await storing;
    trim(group);
  } catch (error) {
    await storing.catch(() => undefined); // whatever becomes of it, it must be over
    forget(group);
    if (!isDataError(error)) throw error;
    const left = pending.filter(({ point }) => comparePoints(point, group.point) > 0);
    await applyBatch(group, left, owner);
  }
}
