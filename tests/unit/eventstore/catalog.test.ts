import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isPersonal } from '../../../src/domain/kernel/personal.ts';
import { pascal } from '../../../src/domain/kernel/record.ts';
import { referencesOf } from '../../../src/domain/kernel/references.ts';
import { catalogOf, loadCatalog } from '../../../src/eventstore/catalog.ts';

const catalog = await loadCatalog();
const eventTypes = [...catalog.eventTypes.values()];
const commands = [...catalog.commands.values()];

test('what is declared twice is refused', () => {
  const [some] = catalog.aggregates.values();
  expect(() => catalogOf([some!, some!])).toThrow(`declared twice: ${some!.category}`);
  expect(() => catalogOf([some!, { ...some!, category: 'copy' }])).toThrow('declared twice');
});

test('everything that the domain declares is found', () => {
  expect([...catalog.aggregates.keys()].sort()).toEqual([
    'account',
    'accountTree',
    'activity',
    'contact',
    'opportunity',
    'pipeline',
    'product',
    'reservation',
    'signingKey',
    'team',
    'treeHead',
    'user',
    'workspace',
  ]);
});

describe('names', () => {
  test.each([...catalog.aggregates.keys()])(
    'the category %s is in camelCase, without the hyphen that ends it',
    category => expect(category).toMatch(/^[a-z][a-zA-Z]*$/),
  );

  /** Events whose aggregate is a view of others say the other's name: a tree of accounts says what becomes of accounts. */
  const SPEAKS_OF: Readonly<Record<string, string>> = { accountTree: 'AccountParent' };
  test.each(eventTypes)('$type begins with its aggregate and says what happened', ({ category, type }) => {
    const name = SPEAKS_OF[category] ?? pascal(category);
    expect(type.startsWith(name)).toBe(true);
    expect(type.slice(name.length), 'in PascalCase, ending in a past tense').toMatch(
      /^([A-Z][a-z]+)*(ed|Set|Won|Lost|Chosen|Held)(ToStage)?$/,
    );
    expect(type).not.toMatch(/Updated$/);
  });

  test.each(commands)('$name is a verb and its aggregate', ({ name, aggregate }) =>
    expect(name).toMatch(
      new RegExp(`^[a-z]+[A-Za-z]*(${pascal(aggregate.category)}|AccountParent|DefaultPipeline)[A-Za-z]*$`),
    ),
  );
  test('no name is one of Object.prototype', () => {
    for (const name of [
      ...catalog.eventTypes.keys(),
      ...catalog.commands.keys(),
      ...catalog.aggregates.keys(),
    ])
      expect(name in {}).toBe(false);
  });
});

describe('what is declared holds together', () => {
  test.each([...catalog.aggregates])(
    '%s has one way to begin, or is one for each workspace',
    (_, aggregate) => {
      const creating = Object.values(aggregate.commands).filter(({ creates }) => creates);
      const internal = Object.values(aggregate.commands).every(
        command => command.internal && command.anyState,
      );
      expect(creating.length > 0).toBe(!aggregate.singleton && !internal);
    },
  );
  test('an event type is of the category of its aggregate', () => {
    for (const aggregate of catalog.aggregates.values())
      for (const [name, { type, category }] of aggregate.eventTypes)
        expect([type, category]).toEqual([name, aggregate.category]);
  });
  test('a value that nobody else may have is given up by a command of its record', () => {
    for (const { unique, commands: own } of catalog.aggregates.values())
      for (const { giveUp } of Object.values(unique))
        expect(Object.keys(own)).toContain(giveUp('a@example.com').command);
  });
  test('references are to aggregates that exist', () => {
    const known = new Set(catalog.aggregates.keys());
    const shapes = [
      ...commands.map(({ declaration }) => declaration.input),
      ...eventTypes.map(t => t.schema.shape),
    ];
    for (const shape of shapes) for (const ref of refsOf(z.object(shape))) expect(known).toContain(ref);
  });
  test('every reference in an input is one that dispatch can find', () => {
    // In shapes that the finder doesn't look into, such as unions, a reference would go unchecked.
    for (const { name, declaration } of commands)
      for (const [field, schema] of Object.entries(declaration.input)) {
        const declared = refsOf(schema as z.ZodType).length > 0;
        const example = exampleOf(schemaJson(schema as z.ZodType));
        const found = referencesOf({ [field]: schema as z.ZodType })({ [field]: example }).length > 0;
        expect(found, `${name}.${field}`).toBe(declared);
      }
  });
});

type Json = { readonly [key: string]: unknown };

const schemaJson = (schema: z.ZodType): Json =>
  z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' });

const refsOf = (schema: z.ZodType): string[] =>
  [...JSON.stringify(schemaJson(schema)).matchAll(/"ref":"([A-Za-z]+)"/g)].map(([, ref]) => ref!);

/** A value of the schema's form with everything in it that may be given; every text is an id. */
function exampleOf({ type, items, properties, anyOf }: Json): unknown {
  if (Array.isArray(anyOf)) return exampleOf(anyOf[0] as Json);
  if (type === 'array') return [exampleOf(items as Json)];
  if (type !== 'object') return '00000000-0000-7000-8000-000000000001';
  return Object.fromEntries(
    Object.entries(properties ?? {}).map(([name, of]) => [name, exampleOf(of as Json)]),
  );
}

describe('what may be given is bounded, and so is what is stored', () => {
  /** Values whose form has an end that JSON Schema can't say, or not of what comes in. */
  const BOUND_BY_FORM = new Set(['ID', 'LocalDate', 'Instant', 'Money', 'EmailAddress', 'PhoneNumber']);

  /** Fields of a JSON schema that could grow without end. */
  function unbounded(schema: unknown, path = ''): string[] {
    if (typeof schema !== 'object' || schema === null) return [];
    const { type, title, maxLength, maxItems, enum: options, pattern } = schema as Json;
    if (BOUND_BY_FORM.has(title as string)) return [];
    const endlessText = type === 'string' && !maxLength && !options && !hasEnd(pattern);
    const endlessList = type === 'array' && !maxItems;
    return [
      ...(endlessText || endlessList ? [path] : []),
      ...Object.entries(schema).flatMap(([key, value]) => unbounded(value, `${path}.${key}`)),
    ];
  }
  /** No `*`, `+` or `{n,}` outside of a character class. */
  const hasEnd = (pattern: unknown) =>
    typeof pattern === 'string' && !/(?<!\\)[*+]|\{\d+,\}/.test(pattern.replaceAll(/\[[^\]]*\]/g, ''));

  test.each(commands)('the input of $name', ({ declaration }) =>
    expect(unbounded(schemaJson(z.object(declaration.input)))).toEqual([]),
  );
});

describe('personal data', () => {
  test('is marked where it is about a person', () => {
    const marked = eventTypes.flatMap(({ type, personal }) =>
      [...personal.keys()].map(field => `${type}.${field}`),
    );
    expect(marked.sort()).toEqual([
      'ContactArchived.reason',
      'ContactCreated.emails',
      'ContactCreated.name',
      'ContactCreated.phones',
      'ContactCreated.title',
      'ContactDetailsChanged.name',
      'ContactDetailsChanged.phones',
      'ContactDetailsChanged.title',
      'ContactEmailAdded.email',
      'ContactEmailRemoved.email',
      'ContactEmailVerified.email',
      'UserArchived.reason',
      'UserDetailsChanged.email',
      'UserDetailsChanged.jobTitle',
      'UserDetailsChanged.name',
      'UserInvited.email',
      'UserInvited.jobTitle',
      'UserInvited.name',
    ]);
  });
  test('is listed in docs/personal-data.md', () => {
    const docs = readFileSync(new URL('../../../docs/personal-data.md', import.meta.url), 'utf8');
    const listed = [...docs.matchAll(/^\| `([a-zA-Z]+)` \| ((?:`[a-zA-Z]+`(?:, )?)+) \|$/gm)].map(
      ([, category = '', fields = '']) => [category, fields.replaceAll('`', '').split(', ')],
    );
    const marked = [...catalog.aggregates].flatMap(([category, { eventTypes: own }]) => {
      const fields = new Set([...own.values()].flatMap(({ personal }) => [...personal.keys()]));
      return fields.size > 0 ? [[category, [...fields].sort()]] : [];
    });
    expect(listed).toEqual(marked);
  });
  test('a mark below the top of an event would go unseen, so there is none', () => {
    for (const { type, schema } of eventTypes)
      for (const [field, inner] of Object.entries(schema.shape)) {
        if (isPersonal(inner)) continue;
        const marks = JSON.stringify(schemaJson(inner as z.ZodType));
        expect(marks, `${type}.${field}`).not.toContain('"personal":true');
      }
  });
});
