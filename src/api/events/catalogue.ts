/** The catalogue of event types, derived from their declarations: for pages, for programs, and for tools. */
import type { z } from 'zod';
import type { EventType } from '../../domain/kernel/events.ts';
import { isOptional } from '../../domain/kernel/record.ts';
import type { Catalog } from '../../eventstore/catalog.ts';
import { exampleOf } from './example.ts';
import { isInternal } from './filter.ts';
import { type JsonSchema, jsonSchemaOf, personalIn, versionsOf } from './jsonSchemas.ts';

export type CatalogueEntry = {
  readonly type: string;
  readonly category: string;
  readonly description: string;
  /** The latest, which the feed delivers. */
  readonly version: number;
  readonly versions: readonly number[];
  /** Fields that need not be there. */
  readonly optional: readonly string[];
  readonly personal: readonly string[];
  readonly schema: JsonSchema;
  readonly example: Readonly<Record<string, unknown>>;
};

export type CatalogueCategory = {
  readonly category: string;
  /** `opportunity-<workspace>.<id>` */
  readonly stream: string;
  readonly singleton: boolean;
  /** The feed delivers them only when they are asked for. */
  readonly internal: boolean;
  readonly entries: readonly CatalogueEntry[];
};

/** In the order of the alphabet; the types of a category as they are declared. */
export const catalogueOf = (catalog: Catalog): readonly CatalogueCategory[] =>
  [...catalog.aggregates.values()]
    .sort((a, b) => (a.category < b.category ? -1 : 1))
    .map(aggregate => ({
      category: aggregate.category,
      stream: `${aggregate.category}-<workspace>.<id>`,
      singleton: aggregate.singleton,
      internal: isInternal(aggregate),
      entries: [...aggregate.eventTypes.values()].map(entryOf),
    }));

function entryOf(eventType: EventType): CatalogueEntry {
  const { type, category, description = '', version, schema } = eventType;
  const latest = jsonSchemaOf(eventType);
  if (!latest) throw new Error(`the latest version of ${type} has no schema`);
  return {
    type,
    category,
    description,
    version,
    versions: versionsOf(eventType),
    optional: Object.keys(schema.shape).filter(field => isOptional(schema.shape[field] as z.ZodType)),
    personal: personalIn(schema),
    schema: latest,
    example: exampleOf(schema.shape, type),
  };
}
