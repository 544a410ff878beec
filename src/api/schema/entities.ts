/**
 * The object types, one for each read model whose rows are things: records (`Account`, `Opportunity`) and parts of them
 * (`Stage`). Their fields are the model's columns and the records that those point to.
 */
import type { FieldRef } from '@pothos/core';
import { pascal } from '../../domain/kernel/record.ts';
import type { Column } from '../../projections/columns.ts';
import { entityName, type Models } from '../../projections/query/models.ts';
import { fieldNameOf } from '../../projections/query/names.ts';
import type { Row } from '../../projections/query/plan.ts';
import type { ReadModel } from '../../projections/readModel.ts';
import type { Builder } from './builder.ts';
import type { OutputType, ScalarName, SharedTypes } from './types.ts';

/** Where a field's value comes from, so that a query reads what it shows and no more. */
export type FieldSource =
  | { readonly kind: 'column'; readonly column: string }
  | { readonly kind: 'record' | 'list'; readonly column: string; readonly entity: Entity }
  /** Resolved by a function of its own, out of these columns; `reads` when it asks Postgres for more. */
  | { readonly kind: 'own'; readonly columns: readonly string[]; readonly reads: boolean };

/** Pothos's reference to an object type whose values are rows. */
export type EntityRef = ReturnType<typeof rowRef>;

const rowRef = (builder: Builder, typeName: string) => builder.objectRef<Row>(typeName);

export type Entity = {
  /** `opportunity` */
  readonly name: string;
  /** `Opportunity` */
  readonly typeName: string;
  readonly model: ReadModel;
  readonly ref: EntityRef;
  readonly sources: Map<string, FieldSource>;
};

export type Entities = {
  /** The entity of a record's category, or of a part's name. @throws when no read model has it. */
  readonly of: (name: string) => Entity;
  readonly all: () => readonly Entity[];
};

export function createEntities(builder: Builder, models: Models, types: SharedTypes): Entities {
  const known = new Map<string, Entity>();

  const find = (name: string): Entity | undefined => {
    const model = models.target(name);
    if (!model) return undefined;
    return known.get(name) ?? add(model);
  };

  const add = (model: ReadModel): Entity => {
    const name = entityName(model);
    const typeName = pascal(name);
    const entity: Entity = { name, typeName, model, ref: rowRef(builder, typeName), sources: new Map() };
    known.set(name, entity);
    entity.sources.set('id', { kind: 'column', column: 'id' });
    for (const [columnName, column] of Object.entries(model.columns)) {
      entity.sources.set(fieldNameOf(columnName), { kind: 'column', column: columnName });
      const target = column.target === undefined ? undefined : find(column.target);
      if (target) entity.sources.set(...recordSource(columnName, column, target));
    }
    defineType(builder, types, entity);
    return entity;
  };

  return {
    of: name => find(name) ?? none(name),
    all: () => [...known.values()],
  };
}

/** `ownerId` → `owner`, `productIds` → `products`. */
function recordSource(name: string, { kind }: Column, entity: Entity): [string, FieldSource] {
  const suffix = kind === 'refs' ? 'Ids' : 'Id';
  if (!name.endsWith(suffix)) throw new Error(`a column that points to records ends in ${suffix}: ${name}`);
  const stem = name.slice(0, -suffix.length);
  return kind === 'refs'
    ? [`${stem}s`, { kind: 'list', column: name, entity }]
    : [stem, { kind: 'record', column: name, entity }];
}

function defineType(builder: Builder, types: SharedTypes, { ref, typeName, model, sources }: Entity): void {
  builder.objectType(ref, {
    name: typeName,
    fields: t => {
      // The property of the field's name. Without a resolver of its own, so that a compiled query reads it directly.
      const exposed = (field: string) => ({
        extensions: { pothosExposedField: field },
        resolve: (row: Row) => row[field] as never,
      });
      const one = (field: string, type: OutputType, nullable: boolean) =>
        t.field({ type, nullable, ...exposed(field) }) as unknown as Field;
      const list = (field: string, type: OutputType, nullable: boolean) =>
        t.field({ type: [type], nullable, ...exposed(field) }) as unknown as Field;

      const fieldOf = (field: string, source: FieldSource): Field | undefined => {
        if (source.kind === 'own') return undefined; // an area defines it
        if (source.kind === 'record') return one(field, source.entity.ref, true);
        if (source.kind === 'list') return list(field, source.entity.ref, false);
        if (source.column === 'id') return one(field, 'ID', false);
        const column = model.columns[source.column] as Column; // sources are made of the columns
        const type = outputType(column, types);
        if (field !== source.column)
          return t.field({ type, resolve: row => row[source.column] as never }) as unknown as Field;
        if (column.kind === 'texts' || column.kind === 'refs') return list(field, type, column.nullable);
        return one(field, type, column.nullable);
      };
      const fields = [...sources].map(([field, source]) => [field, fieldOf(field, source)] as const);
      return Object.fromEntries(fields.flatMap(([name, field]) => (field ? [[name, field]] : [])));
    },
  });
}

/** A field whatever its type: the names of types come from declarations, which TypeScript can't follow. */
type Field = FieldRef<never, unknown, 'Object'>;

const SCALARS: Partial<Record<Column['kind'], ScalarName>> = {
  ref: 'ID',
  refs: 'ID',
  int: 'Int',
  boolean: 'Boolean',
  date: 'LocalDate',
  instant: 'DateTime',
  json: 'JSON',
  position: 'Position',
};

function outputType(column: Column, { enums, money }: SharedTypes): OutputType {
  if (column.kind === 'choice') return enums(column.typeName ?? '', column.values ?? []);
  if (column.kind === 'money') return money.output;
  return SCALARS[column.kind] ?? 'String';
}

function none(name: string): never {
  throw new Error(`no read model has rows of ${name}`);
}
