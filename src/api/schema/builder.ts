/** The schema builder and its scalars. Input scalars let everything through: what a value must be is said in one place, below. */
import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import { valueFromASTUntyped } from 'graphql';
import { apiError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { Context } from './context.ts';

type Types = {
  Context: Context;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: unknown; Output: string };
    LocalDate: { Input: unknown; Output: string };
    Moment: { Input: unknown; Output: never };
    Decimal: { Input: unknown; Output: string };
    Position: { Input: unknown; Output: bigint };
    JSON: { Input: unknown; Output: unknown };
  };
};

export type Builder = ReturnType<typeof createBuilder>;

const SCALARS = {
  DateTime: 'An instant in UTC: `2017-03-31T12:00:00.000Z`. As input with any offset.',
  LocalDate: 'A day without time or zone: `2017-03-31`.',
  Moment: 'An instant (`2017-03-31T12:00:00Z`) or a day, which means its last moment in UTC (`2017-03-31`).',
  Decimal: 'A decimal number as text: `"12500.50"`. Never a float.',
  JSON: 'Any JSON.',
} as const;

export function createBuilder(limits: Limits) {
  const builder = new SchemaBuilder<Types>({
    plugins: [ComplexityPlugin],
    defaultFieldNullability: false,
    complexity: {
      defaultComplexity: 1,
      defaultListMultiplier: 10,
      limit: { complexity: limits.cost },
      complexityError: (_, { complexity }) =>
        apiError(
          `the query costs ${complexity}, more than ${limits.cost}; ask for less, or for smaller pages`,
          {
            code: 'TOO_COMPLEX',
            details: { cost: complexity, limit: limits.cost },
          },
        ),
    },
  });
  for (const [name, description] of Object.entries(SCALARS))
    builder.scalarType(name as keyof typeof SCALARS, {
      description,
      serialize: value => value as never, // rows hold them in their form already
      parseValue: value => value,
      parseLiteral: valueFromASTUntyped,
    });
  builder.scalarType('Position', {
    description: 'A place in the log, as text. What has been written up to it is known there.',
    serialize: value => `${value}` as never, // Pothos knows one output type; clients see text
    parseValue: value => value,
    parseLiteral: valueFromASTUntyped,
  });
  builder.queryType({});
  builder.mutationType({});
  builder.subscriptionType({});
  return builder;
}
