/** Batches what many rows of one answer ask for into one statement. */
import DataLoader from 'dataloader';
import type { FieldNode } from 'graphql';

/** By the place in the answer, and then by the moment of its rows. */
export type Loaders = Map<string, Map<unknown, unknown>>;

/**
 * The loader of one place in the answer, made by the first row that asks.
 * @param nodes all nodes of the query's field: a fragment's alone may stand at several places, of which one asks for more.
 */
export function loaderFor<T>(
  loaders: Loaders,
  nodes: readonly FieldNode[],
  moment: unknown,
  load: (ids: readonly string[]) => Promise<readonly T[]>,
): DataLoader<string, T> {
  const place = nodes.map(numberOf).join();
  const byMoment = loaders.get(place) ?? new Map<unknown, unknown>();
  loaders.set(place, byMoment);
  const known = byMoment.get(moment) as DataLoader<string, T> | undefined; // a place has one type of value
  if (known) return known;
  const loader = new DataLoader<string, T>(load);
  byMoment.set(moment, loader);
  return loader;
}

const numbers = new WeakMap<FieldNode, number>();
let last = 0;

function numberOf(node: FieldNode): number {
  const known = numbers.get(node) ?? ++last;
  numbers.set(node, known);
  return known;
}
