/** The read models as queries look for them. */
import { type Column, ref } from '../columns.ts';
import type { ReadModel } from '../readModel.ts';

export type Models = {
  readonly all: readonly ReadModel[];
  /** @throws when there is none: a programming error. */
  readonly named: (name: string) => ReadModel;
  /** Where the rows are that a `ref` to this target means; nothing when there is no read model of them. */
  readonly target: (target: string) => ReadModel | undefined;
};

export function modelsOf(all: readonly ReadModel[]): Models {
  const byName = new Map(all.map(model => [model.name, model]));
  const byTarget = new Map(all.map(model => [entityName(model), model]));
  return {
    all,
    named: name => {
      const model = byName.get(name);
      if (!model) throw new Error(`there is no read model ${name}`);
      return model;
    },
    target: name => byTarget.get(name),
  };
}

/** What one row is: the record's category; the singular of the model's name (`stages` → `stage`); an entry of facts. */
export const entityName = (model: ReadModel): string =>
  model.of?.category ?? (model.appendOnly ? `${singular(model.name)}Entry` : singular(model.name));

/** The column by which people know a row; nothing where it has none. */
export const modelTitle = ({ columns }: ReadModel): string | undefined =>
  ['name', 'subject'].find(column => columns[column]?.kind === 'text');

const singular = (plural: string): string =>
  plural.endsWith('ies') ? `${plural.slice(0, -3)}y` : plural.endsWith('s') ? plural.slice(0, -1) : plural;

const idColumn: Column = ref('record');

/** A column by name; `id` is one as well. */
export const columnOf = (model: ReadModel, name: string): Column | undefined =>
  name === 'id' ? idColumn : model.columns[name];
