/** The whole schema: derived from the declarations of records and commands, with what the areas add. */
import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { type Catalog, loadCatalog } from '../../eventstore/catalog.ts';
import { loadReadModels } from '../../projections/catalog.ts';
import { type Models, modelsOf } from '../../projections/query/models.ts';
import { defaultLimits, type Limits } from '../limits.ts';
import { type Area, loadAreas } from './area.ts';
import { createBuilder } from './builder.ts';
import { createCommandInputs } from './commandInputs.ts';
import { createComparison } from './comparison.ts';
import { createConnections } from './connections.ts';
import { createEntities, type Entity } from './entities.ts';
import { createListInputs } from './filters.ts';
import { defineMutation } from './mutations.ts';
import { defineRecordQueries } from './recordQueries.ts';
import { defineSubscription } from './subscriptions.ts';
import { createTypes } from './types.ts';

export type SchemaParts = {
  readonly catalog: Catalog;
  readonly models: Models;
  readonly areas: readonly Area[];
  readonly limits: Limits;
};

export function buildSchema({ catalog, models, areas, limits }: SchemaParts): GraphQLSchema {
  const builder = createBuilder(limits);
  const types = createTypes(builder);
  const entities = createEntities(builder, models, types);
  const connections = createConnections(builder);
  const inputsOf = createListInputs(builder, types);

  const records = new Map<string, Entity>();
  for (const model of models.all)
    if (model.of) records.set(model.of.category, entities.of(model.of.category));
  const comparison = createComparison(builder);
  for (const { define } of areas)
    define({ builder, models, types, entities, connections, comparison, inputsOf });
  for (const entity of records.values()) {
    defineRecordQueries(builder, entity, connections, inputsOf);
    defineSubscription(builder, entity);
  }
  const inputs = createCommandInputs(builder, types);
  for (const command of catalog.commands.values())
    if (!command.declaration.internal)
      defineMutation(builder, inputs, command, records.get(command.aggregate.category));
  return builder.toSchema();
}

/** What the running server serves. */
export async function loadSchemaParts(limits: Limits): Promise<SchemaParts> {
  const [catalog, readModels, areas] = await Promise.all([loadCatalog(), loadReadModels(), loadAreas()]);
  return { catalog, models: modelsOf(readModels), areas, limits };
}

/** The schema's text as it stands in `schema.graphql`. */
export async function printedSchema(): Promise<string> {
  const schema = buildSchema(await loadSchemaParts(defaultLimits));
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
