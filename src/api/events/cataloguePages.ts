/** The files of `docs/events/`, as they are committed: a page a category, an index, the schemas, the AsyncAPI document. */
import type { Catalog } from '../../eventstore/catalog.ts';
import { asyncApiOf, exampleEventOf } from './asyncApi.ts';
import { type CatalogueCategory, type CatalogueEntry, catalogueOf } from './catalogue.ts';
import { type JsonSchema, jsonSchemaOf, versionsOf } from './jsonSchemas.ts';

/** By name within the folder. */
export function catalogueFiles(catalog: Catalog): ReadonlyMap<string, string> {
  const categories = catalogueOf(catalog);
  const schemas = [...catalog.eventTypes.values()].flatMap(eventType =>
    versionsOf(eventType).map((version): [string, string] => [
      `schemas/${eventType.type}.v${version}.json`,
      json(jsonSchemaOf(eventType, version)),
    ]),
  );
  return new Map([
    ['README.md', indexPage(categories)],
    ...categories.map((category): [string, string] => [`${category.category}.md`, categoryPage(category)]),
    ...schemas,
    ['asyncapi.json', json(asyncApiOf(categories))],
  ]);
}

const SHOWN = 'OpportunityWon';

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
const fenced = (value: unknown): readonly string[] => ['```json', json(value).trimEnd(), '```', ''];

function indexPage(categories: readonly CatalogueCategory[]): string {
  const entries = categories.flatMap(category => category.entries);
  return [
    '# Events',
    '',
    `Everything that can happen in Relata: ${entries.length} event types in ${categories.length} categories. This folder is made of the`,
    'declarations in `src/domain` by `npm run relata -- schema --write`. A running Relata serves the same at',
    '`/events/schemas` and `/events/asyncapi.json`; how to read the events themselves is in [event-feed.md](../event-feed.md).',
    '',
    'A type is given in its latest version, which the feed always delivers, whatever is stored. Older versions keep their',
    'schema in [schemas](schemas). Personal fields are missing once the person has been erased.',
    '',
    'As the feed delivers one:',
    '',
    ...entries.filter(({ type }) => type === SHOWN).flatMap(entry => fenced(exampleEventOf(entry))),
    ...categories.flatMap(({ category, internal, entries: own }) => [
      `## [${category}](${category}.md)${internal ? ' (internal)' : ''}`,
      '',
      '| event | what it says |',
      '| --- | --- |',
      ...own.map(({ type, description }) => `| [${type}](${category}.md#${anchor(type)}) | ${description} |`),
      '',
    ]),
  ].join('\n');
}

function categoryPage({ category, stream, singleton, internal, entries }: CatalogueCategory): string {
  return [
    `# ${category}`,
    '',
    singleton
      ? `One stream a workspace, \`${stream}\`, whose id follows from the workspace.`
      : `One stream a record: \`${stream}\`.`,
    ...(internal
      ? ["It serves Relata's own working; the feed delivers it only with `category` or `types`."]
      : []),
    '',
    ...entries.flatMap(typeSection),
  ].join('\n');
}

function typeSection(entry: CatalogueEntry): readonly string[] {
  const { type, description, version, schema, example } = entry;
  const fields = Object.entries(propertiesOf(schema));
  return [
    `## ${type}`,
    '',
    `${description} Version ${version}, [JSON Schema](schemas/${type}.v${version}.json).`,
    '',
    ...(fields.length === 0
      ? ['It has no fields.', '']
      : [
          '| field | type | |',
          '| --- | --- | --- |',
          ...fields.map(
            ([field, each]) => `| \`${field}\` | ${typeName(each)} | ${marks(entry, field, each)} |`,
          ),
          '',
          ...fenced(example),
        ]),
  ];
}

const marks = ({ optional, personal }: CatalogueEntry, field: string, schema: JsonSchema): string => {
  const reference = referenceOf(schema);
  return [
    optional.includes(field) && 'optional',
    personal.includes(field) && 'personal',
    reference !== undefined && `of ${/^[aeio]/.test(reference) ? 'an' : 'a'} ${reference}`,
  ]
    .filter(mark => mark !== false)
    .join(', ');
};

const propertiesOf = (schema: JsonSchema): Readonly<Record<string, JsonSchema>> =>
  (schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>;

function typeName(schema: JsonSchema): string {
  const { title, type, items, anyOf, enum: words } = schema;
  if (Array.isArray(words)) return words.map(word => `\`${word}\``).join(', ');
  if (Array.isArray(anyOf)) return anyOf.map(each => typeName(each as JsonSchema)).join(' or ');
  if (type === 'array') return `list of ${typeName(items as JsonSchema)}`;
  if (typeof title === 'string') return title;
  if (type === 'object') return `{ ${Object.keys(propertiesOf(schema)).join(', ')} }`;
  return String(type);
}

function referenceOf(schema: JsonSchema): string | undefined {
  const inner = [schema, schema.items, ...((schema.anyOf as readonly JsonSchema[] | undefined) ?? [])];
  return inner
    .map(each => (each as JsonSchema | undefined)?.['x-refers-to'])
    .find((each): each is string => typeof each === 'string');
}

const anchor = (heading: string): string => heading.toLowerCase();
