/** What of a model's rows is wanted: columns, and the records that they point to. */
import type { ReadModel } from '../readModel.ts';

export type Selection = {
  readonly model: ReadModel;
  /** Names of columns, besides `id`. */
  readonly columns: ReadonlySet<string>;
  /** Records that a `ref` column points to, by the name under which they go into the row. */
  readonly records: ReadonlyMap<string, Related>;
  /** Records that a `refs` column points to, likewise. */
  readonly lists: ReadonlyMap<string, Related>;
};

export type Related = { readonly column: string; readonly selection: Selection };

/** Columns alone. */
export const columnsOnly = (model: ReadModel, columns: readonly string[] = []): Selection => ({
  model,
  columns: new Set(columns),
  records: new Map(),
  lists: new Map(),
});

/** The selection with more columns, for a caller that needs them itself. */
export const withColumns = (selection: Selection, columns: readonly string[]): Selection => ({
  ...selection,
  columns: new Set([...selection.columns, ...columns]),
});
