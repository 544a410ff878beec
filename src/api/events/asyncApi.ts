/** The feed as an AsyncAPI 3.0 document, for tools that make clients and documentation of it. */
import type { CatalogueCategory, CatalogueEntry } from './catalogue.ts';
import {
  ATTRIBUTES,
  CLOUD_EVENTS_BATCH,
  CLOUD_EVENTS_JSON,
  cloudType,
  schemaPath,
  sourceOf,
  UNDECODABLE,
  UNDECODABLE_ATTRIBUTES,
} from './cloudEvent.ts';
import type { JsonSchema } from './jsonSchemas.ts';
import { MOST_EVENTS } from './request.ts';

/** Of the feed's own form; event types have theirs. */
const FEED_VERSION = '1.0.0';

/** Attributes that an event which can't be decoded still has. */
const PLACE = ['specversion', 'id', 'source', 'type', 'subject', 'position', 'revision', 'workspaceid'];

export function asyncApiOf(categories: readonly CatalogueCategory[]): JsonSchema {
  const entries = categories.flatMap(category => category.entries);
  const names = [...entries.map(({ type }) => type), 'Undecodable'];
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Relata event feed',
      version: FEED_VERSION,
      description:
        'Every event of a workspace in log order, as CloudEvents 1.0: in pages, or as server-sent events. Data are of the latest version of their type. How to go on without gap or double is in docs/event-feed.md.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: CLOUD_EVENTS_JSON,
    channels: {
      events: {
        address: '/events',
        title: 'The event feed',
        description: `Pages are of ${CLOUD_EVENTS_BATCH}; with Accept: text/event-stream each event comes as one server-sent event.`,
        messages: Object.fromEntries(names.map(name => [name, { $ref: `#/components/messages/${name}` }])),
        bindings: { http: {} },
      },
    },
    operations: {
      sendEvents: {
        action: 'send',
        channel: { $ref: '#/channels/events' },
        summary: 'Relata sends; a reader asks by GET.',
        bindings: { http: { method: 'GET', query: QUERY, bindingVersion: '0.3.0' } },
      },
    },
    components: {
      messages: {
        ...Object.fromEntries(entries.map(entry => [entry.type, messageOf(entry)])),
        Undecodable: UNDECODABLE_MESSAGE,
      },
      schemas: {
        CloudEvent: { type: 'object', required: Object.keys(ATTRIBUTES), properties: ATTRIBUTES },
        ...Object.fromEntries(entries.map(({ type, schema }) => [type, inDocument(schema)])),
      },
    },
  };
}

const QUERY: JsonSchema = {
  type: 'object',
  properties: {
    after: { type: 'string', description: 'The position to go on behind; `start`, the default, or `end`.' },
    types: { type: 'string', description: 'Event types, with commas between them.' },
    category: { type: 'string', description: 'Events of one kind of record.' },
    subject: { type: 'string', description: 'Events of one record: `opportunity/<id>`.' },
    limit: { type: 'integer', minimum: 1, maximum: MOST_EVENTS, description: 'Of a page; 100 by default.' },
    wait: { type: 'integer', minimum: 0, maximum: 30, description: 'Seconds that an empty page may wait.' },
  },
};

const messageOf = (entry: CatalogueEntry): JsonSchema => ({
  name: cloudType(entry.type),
  title: entry.type,
  summary: entry.description,
  tags: [{ name: entry.category }],
  payload: {
    allOf: [
      { $ref: '#/components/schemas/CloudEvent' },
      {
        type: 'object',
        required: ['data'],
        properties: {
          type: { const: cloudType(entry.type) },
          data: { $ref: `#/components/schemas/${entry.type}` },
        },
      },
    ],
  },
  examples: [{ name: entry.type, payload: exampleEventOf(entry) }],
});

const UNDECODABLE_MESSAGE: JsonSchema = {
  name: UNDECODABLE,
  title: 'Undecodable',
  summary: 'An event stands here that this server cannot read: of a newer version, or damaged.',
  payload: {
    type: 'object',
    required: [...PLACE, ...Object.keys(UNDECODABLE_ATTRIBUTES)],
    properties: {
      ...Object.fromEntries(PLACE.map(name => [name, ATTRIBUTES[name]])),
      ...UNDECODABLE_ATTRIBUTES,
      type: { const: UNDECODABLE },
    },
  },
};

/** A whole CloudEvent, as the feed would deliver the example. */
export const exampleEventOf = ({ type, category, version, example }: CatalogueEntry) => ({
  specversion: '1.0',
  id: '0c9b1d52-6a3e-8f41-9d07-5b2e8c4a7f10',
  source: sourceOf('default'),
  type: cloudType(type),
  subject: `${category}/5f0c3a9e-1b7d-8e24-a6c8-3d9f2b1e7a40`,
  time: '2026-03-31T09:30:00.000Z',
  datacontenttype: 'application/json',
  dataschema: `http://127.0.0.1:4000${schemaPath(type, version)}`,
  position: '4711.4711.0c9b1d52',
  revision: 0,
  recordedat: '2026-03-31T09:30:00.012Z',
  workspaceid: 'default',
  actor: 'user/00000000-0000-7000-8000-000000000001',
  commandid: '7d1a5e0b-93c4-8b62-8f1d-6e4a2c9b0d35',
  correlationid: '7d1a5e0b-93c4-8b62-8f1d-6e4a2c9b0d35',
  causationid: '7d1a5e0b-93c4-8b62-8f1d-6e4a2c9b0d35',
  data: example,
});

/** The document says once for all which JSON Schema it speaks. */
function inDocument({ $schema: _, ...schema }: JsonSchema): JsonSchema {
  return schema;
}
