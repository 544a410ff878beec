/** Batches what many rows of one answer ask for into one statement. */
import DataLoader from 'dataloader';

/** By the place in the answer, and then by the moment of its rows. */
export type Loaders = Map<unknown, Map<unknown, unknown>>;

/**
 * The loader of one place in the answer, made by the first row that asks.
 * @param place the node of the query's field: each has arguments and a selection of its own.
 */
export function loaderFor<T>(
  loaders: Loaders,
  place: unknown,
  moment: unknown,
  load: (ids: readonly string[]) => Promise<readonly T[]>,
): DataLoader<string, T> {
  const byMoment = loaders.get(place) ?? new Map<unknown, unknown>();
  loaders.set(place, byMoment);
  const known = byMoment.get(moment) as DataLoader<string, T> | undefined; // a place has one type of value
  if (known) return known;
  const loader = new DataLoader<string, T>(load);
  byMoment.set(moment, loader);
  return loader;
}
