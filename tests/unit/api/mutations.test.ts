/** Each command is a mutation: its own fields as its declaration has them, the common ones, and the record in answer. */
import { type GraphQLInputObjectType, GraphQLNonNull, type GraphQLObjectType, getNamedType } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { defaultLimits } from '../../../src/api/limits.ts';
import { buildSchema, loadSchemaParts } from '../../../src/api/schema/schema.ts';
import { pascal } from '../../../src/domain/kernel/record.ts';
import { catalog } from '../../support/writeSide.ts';

const commands = [...catalog.commands.values()];
const published = commands.filter(({ declaration }) => !declaration.internal);

/** What is more than one command. */
const BY_HAND = ['undo'];

let mutations: ReturnType<GraphQLObjectType['getFields']>;
beforeAll(async () => {
  mutations =
    buildSchema(await loadSchemaParts(defaultLimits))
      .getMutationType()
      ?.getFields() ?? {};
});

test('there is one for each command that is not internal, and no other', () => {
  expect(Object.keys(mutations).sort()).toEqual([...published.map(({ name }) => name), ...BY_HAND].sort());
  expect(published.length).toBeLessThan(commands.length);
});

describe.each(published)('$name', ({ name, aggregate, declaration }) => {
  const inputOf = () => getNamedType(mutations[name]?.args[0]?.type) as GraphQLInputObjectType;
  const isRequired = (field: string) => inputOf().getFields()[field]?.type instanceof GraphQLNonNull;

  test('takes its own fields and the common ones', () => {
    expect(mutations[name]?.args.map(arg => arg.name)).toEqual(['input']);
    expect(inputOf().name).toBe(`${pascal(name)}Input`);
    const hasId = !declaration.creates && !aggregate.singleton;
    const expected = [
      ...Object.keys(declaration.input),
      'commandId',
      'ifRevision',
      'occurredAt',
      ...(hasId ? ['id'] : []),
    ];
    expect(Object.keys(inputOf().getFields()).sort()).toEqual(expected.sort());
    if (hasId) expect(isRequired('id')).toBe(true);
  });

  test('asks for what the declaration cannot do without, and for nothing else', () => {
    for (const [field, schema] of Object.entries(declaration.input as Record<string, z.ZodType>)) {
      // Null is a value that GraphQL can't ask for: dispatch does.
      const nullable = schema.safeParse(null).success;
      expect(isRequired(field), field).toBe(!nullable && !schema.safeParse(undefined).success);
    }
  });

  test('answers with its place and, for a record, the record itself', () => {
    const payload = getNamedType(mutations[name]?.type) as GraphQLObjectType;
    expect(payload.name).toBe(`${pascal(name)}Payload`);
    const record = aggregate.singleton ? [] : [aggregate.category];
    expect(Object.keys(payload.getFields()).sort()).toEqual(['id', 'revision', 'position', ...record].sort());
  });
});
