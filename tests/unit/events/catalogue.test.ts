/** The event catalogue stands as it is made of the declarations, and what it says is true: schemas, examples, documents. */
import { readdir, readFile } from 'node:fs/promises';
import specification from '@asyncapi/specs/schemas/3.0.0-without-$id.json' with { type: 'json' };
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { asyncApiOf } from '../../../src/api/events/asyncApi.ts';
import { catalogueOf } from '../../../src/api/events/catalogue.ts';
import { catalogueFiles } from '../../../src/api/events/cataloguePages.ts';
import { exampleOf } from '../../../src/api/events/example.ts';
import { jsonSchemaOf, versionsOf } from '../../../src/api/events/jsonSchemas.ts';
import { type Aggregate, defineAggregate } from '../../../src/domain/kernel/aggregate.ts';
import { defineEvents, described, versioned } from '../../../src/domain/kernel/events.ts';
import { personal } from '../../../src/domain/kernel/personal.ts';
import { Money, Text } from '../../../src/domain/kernel/values.ts';
import { catalogOf } from '../../../src/eventstore/catalog.ts';
import { inputOf } from '../../support/arbitrary.ts';
import { catalog } from '../../support/writeSide.ts';
import { startStub } from '../api/stub.ts';

const types = [...catalog.eventTypes.values()];
const validator = () => {
  const ajv = new Ajv({ strict: true, allErrors: true });
  formats.default(ajv);
  ajv.addVocabulary(['x-category', 'x-version', 'x-personal', 'x-refers-to']);
  return ajv;
};
const validated = (schema: object, value: unknown) => {
  const validate = validator().compile(schema);
  return validate(value) ? [] : validate.errors;
};

test('docs/events is made of the declarations', async () => {
  const folder = new URL('../../../docs/events/', import.meta.url);
  const made = catalogueFiles(catalog);
  const present = (await readdir(folder, { recursive: true })).filter(name => name !== 'schemas');
  const MAKE = 'run `npm run relata -- schema --write` and look at what has changed';
  expect(present.sort(), MAKE).toEqual([...made.keys()].sort());
  for (const [name, text] of made) expect(await readFile(new URL(name, folder), 'utf8'), MAKE).toBe(text);
});

test.each(types.map(each => [each.type, each] as const))(
  '%s says what it means, and its schema takes its example and whatever else it may hold',
  (_, eventType) => {
    expect(eventType.description, 'describe it: `described("…", { … })`').toMatch(/^[A-Z].*\.$/);
    const schema = jsonSchemaOf(eventType)!;
    const example = exampleOf(eventType.schema.shape, eventType.type);
    expect(Object.keys(example)).toEqual(Object.keys(eventType.schema.shape));
    expect(eventType.schema.parse(example), 'the example is in the form in which it is stored').toEqual(
      example,
    );
    const validate = validator().compile(schema);
    expect(validate(example), JSON.stringify(validate.errors)).toBe(true);
    fc.assert(
      fc.property(inputOf(eventType.schema.shape), given => {
        const { success, data } = eventType.schema.safeParse(given);
        if (!success) return;
        const stored = JSON.parse(JSON.stringify(data));
        expect(validate(stored), JSON.stringify([stored, validate.errors])).toBe(true);
      }),
      { numRuns: 30 },
    );
    for (let version = 1; version <= eventType.version; version++)
      expect(versionsOf(eventType), `keep the shape of version ${version} as \`earlier\``).toContain(version);
  },
);

const thing = defineAggregate({
  category: 'thing',
  events: defineEvents('thing', {
    ThingNamed: described(
      'It was named.',
      versioned(
        2,
        { name: personal(Text(10)), price: Money, kind: z.enum(['a', 'b']).optional() },
        { 1: ({ name, price }) => ({ name, price: { amount: price, currency: 'EUR' } }) },
        { 1: { name: Text(10), price: z.string() } },
      ),
    ),
  }),
  initial: {},
  evolve: { ThingNamed: s => s },
  commands: {},
});
const things = catalogOf([thing as unknown as Aggregate]);
const named = things.eventTypes.get('ThingNamed')!;

describe('a schema', () => {
  test('refuses what the declaration refuses', () => {
    const good = { name: 'Ann', price: { amount: '1', currency: 'EUR' } };
    expect(validated(jsonSchemaOf(named)!, good)).toEqual([]);
    for (const wrong of [
      { ...good, name: '' },
      { ...good, name: 'longer than ten' },
      { ...good, price: { amount: 1, currency: 'EUR' } },
      { ...good, kind: 'c' },
      { name: 'Ann' },
    ])
      expect(validated(jsonSchemaOf(named)!, wrong), JSON.stringify(wrong)).not.toEqual([]);
  });

  test('does without what was erased', () =>
    expect(validated(jsonSchemaOf(named)!, { price: { amount: '1', currency: 'EUR' } })).toEqual([]));

  test('of an older version stays as it was', () => {
    expect(versionsOf(named)).toEqual([1, 2]);
    expect(validated(jsonSchemaOf(named, 1)!, { name: 'Ann', price: '1' })).toEqual([]);
    expect(validated(jsonSchemaOf(named, 2)!, { name: 'Ann', price: '1' })).not.toEqual([]);
    expect(jsonSchemaOf(named, 3)).toBeUndefined();
    expect([...catalogueFiles(things).keys()]).toEqual([
      'README.md',
      'thing.md',
      'schemas/ThingNamed.v1.json',
      'schemas/ThingNamed.v2.json',
      'schemas/ThingErased.v1.json',
      'asyncapi.json',
    ]);
  });
});

describe('the AsyncAPI document', () => {
  const document = asyncApiOf(catalogueOf(catalog));

  test('is one, by the specification’s own schema', () => {
    const ajv = new Ajv({ strict: false, allErrors: true });
    formats.default(ajv);
    const validate = ajv.compile(specification);
    expect(validate(document), JSON.stringify(validate.errors?.slice(0, 5))).toBe(true);
    expect(validate({ ...document, channels: 1 }), 'the specification refuses something').toBe(false);
  });

  test('names nothing that is not in it', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      ([, path = '']) => path,
    );
    expect(references.length).toBeGreaterThan(2 * types.length);
    for (const path of references) {
      const found = path
        .split('/')
        .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
      expect(found, path).toBeDefined();
    }
  });

  test('has a message for each type, whose payload takes its example', () => {
    const ajv = validator();
    ajv.addVocabulary(['asyncapi', 'info', 'defaultContentType', 'channels', 'operations', 'components']);
    ajv.addSchema(document as object, 'feed');
    const { messages } = document.components as {
      messages: Record<string, { examples?: { payload: { data: object } }[] }>;
    };
    expect(Object.keys(messages).sort()).toEqual([...types.map(each => each.type), 'Undecodable'].sort());
    for (const [name, { examples = [] }] of Object.entries(messages)) {
      const validate = ajv.compile({ $ref: `feed#/components/messages/${name}/payload` });
      for (const { payload } of examples) {
        expect(validate(payload), JSON.stringify(validate.errors)).toBe(true);
        expect(validate({ ...payload, type: 'relata.Other' })).toBe(false);
      }
    }
  });
});

describe('served', () => {
  let app: FastifyInstance;
  beforeAll(async () => {
    app = await startStub();
  });
  afterAll(() => app.close());

  test('as an index, whose addresses give the schemas', async () => {
    const { events } = (await app.inject('/events/schemas')).json();
    expect(events).toHaveLength(types.length);
    for (const { type, schema, version } of events) {
      const answer = await app.inject(schema);
      expect(answer.headers['content-type']).toContain('application/schema+json');
      expect(answer.json()).toEqual(jsonSchemaOf(catalog.eventTypes.get(type)!, version));
    }
    expect(events.find(({ type }: { type: string }) => type === 'ContactEmailAdded')).toMatchObject({
      category: 'contact',
      internal: false,
      personal: ['email'],
      version: 1,
      versions: [1],
    });
  });

  test('the latest version without saying which, and no other', async () => {
    expect((await app.inject('/events/schemas/OpportunityWon')).json()['x-version']).toBe(1);
    for (const url of ['Nothing', 'constructor', 'OpportunityWon?version=2', 'OpportunityWon?version=x']) {
      const answer = await app.inject(`/events/schemas/${url}`);
      expect(answer.statusCode, url).toBe(404);
      expect(answer.json().errors[0].extensions.code).toBe('NOT_FOUND');
    }
  });

  test('as the AsyncAPI document', async () =>
    expect((await app.inject('/events/asyncapi.json')).json()).toEqual(
      JSON.parse(catalogueFiles(catalog).get('asyncapi.json')!),
    ));
});
