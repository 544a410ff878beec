/** The catalogue for programs: `/events/schemas`, `/events/schemas/<Type>?version=`, `/events/asyncapi.json`. */
import type { FastifyInstance } from 'fastify';
import type { Catalog } from '../../eventstore/catalog.ts';
import { apiError } from '../errors.ts';
import { asyncApiOf } from './asyncApi.ts';
import { catalogueOf } from './catalogue.ts';
import { schemaPath } from './cloudEvent.ts';
import { jsonSchemaOf, versionsOf } from './jsonSchemas.ts';

export function serveCatalogue(app: FastifyInstance, catalog: Catalog): void {
  const categories = catalogueOf(catalog);
  const index = {
    events: categories.flatMap(({ internal, entries }) =>
      entries.map(({ type, category, description, version, versions, personal }) => ({
        type,
        category,
        internal,
        description,
        version,
        versions,
        personal,
        schema: schemaPath(type, version),
      })),
    ),
  };
  const document = asyncApiOf(categories);

  app.get('/events/schemas', async () => index);
  app.get<{ Params: { type: string }; Querystring: { version?: string } }>(
    '/events/schemas/:type',
    async ({ params, query }, reply) => {
      const eventType = catalog.eventTypes.get(params.type);
      if (!eventType)
        throw notFound(`there is no event type ${JSON.stringify(params.type)}; /events/schemas lists them`);
      const schema = jsonSchemaOf(eventType, versionAsked(query.version, eventType.version));
      if (!schema)
        throw notFound(`${params.type} has no such version; there are ${versionsOf(eventType).join(', ')}`);
      return reply.type('application/schema+json').send(JSON.stringify(schema));
    },
  );
  app.get('/events/asyncapi.json', async () => document);
}

/** NaN, which no version is, for what is no number. */
const versionAsked = (text: string | undefined, latest: number): number =>
  text === undefined ? latest : Number(text);

const notFound = (message: string) =>
  Object.assign(apiError(message, { code: 'NOT_FOUND' }), { statusCode: 404 });
