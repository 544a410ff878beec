/** Inputs for any command, made from its declaration. Values come from small pools, so that wishes meet each other. */
import fc from 'fast-check';
import { z } from 'zod';
import type { Shape } from '../../src/domain/kernel/values.ts';
import { ACME, ANN, BOB, GADGET, GLOBEX, id, WIDGET } from './ids.ts';
import { LOST, NEW, PIPELINE, STAGES, TALKING, WON } from './sales.ts';

const REFERENCES: Readonly<Record<string, readonly string[]>> = {
  account: [ACME, GLOBEX],
  contact: [ANN, BOB],
  opportunity: [id(1)],
  pipeline: [PIPELINE],
  product: [WIDGET, GADGET],
  user: [ANN, BOB],
};
const IDS = [NEW, TALKING, WON, LOST, id(0xf1), id(0xf2)];
const amounts = fc.constantFrom('0', '0.01', '1.5', '10', '999999999999999.99');
const currencies = fc.constantFrom('EUR', 'EUR', 'EUR', 'USD');

/** By the name under which a value is declared. */
const NAMED: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  ID: fc.constantFrom(...IDS),
  Money: fc.record({ amount: amounts, currency: currencies }),
  LocalDate: fc.constantFrom('2017-01-01', '2017-03-15', '2017-03-16', '0001-01-01', '9999-12-31'),
  Instant: fc.constantFrom(
    '2017-03-15T12:00:00Z',
    '2017-04-01T00:00:00+02:00',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
  ),
  EmailAddress: fc.constantFrom('ann@example.com', 'Bob@example.com', 'c@example.com'),
  Hash: fc.constantFrom('a'.repeat(64), '0123456789abcdef'.repeat(4)),
  KeyId: fc.constantFrom('a'.repeat(32), 'b'.repeat(32), '0123456789abcdef'.repeat(2)),
  LogPosition: fc.constantFrom('0', '17', '9223372036854775807'),
  PublicKey: fc.constantFrom(`${'A'.repeat(43)}=`, `${'+/b0'.repeat(10)}abc=`),
  Signature: fc.constantFrom(`${'A'.repeat(86)}==`, `${'+/b0'.repeat(21)}ab==`),
  PhoneNumber: fc.constantFrom('+4930123456', '+14155550100'),
};
/** By field, where the declaration says too little to hit upon. */
const FIELDS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  quantity: fc.constantFrom('1', '2.5', '0.0001', '999999999'),
  locale: fc.constantFrom('de-DE', 'en'),
  timeZone: fc.constantFrom('Europe/Berlin', 'UTC'),
  stages: fc
    .shuffledSubarray(
      [
        ...STAGES,
        ...STAGES.map(({ stageId: _, ...stage }) => stage),
        { name: 'Another' },
        { stageId: TALKING, name: 'Talking', category: 'won' },
      ],
      { minLength: 3, maxLength: 5 },
    )
    .chain(some =>
      fc.constantFrom(some, [...STAGES], [...STAGES.slice(1)], [...STAGES, { name: 'Another' }]),
    ),
};

export const inputOf = (shape: Shape): fc.Arbitrary<Record<string, unknown>> => {
  const fields = Object.entries(shape).map(
    ([field, schema]) => [field, valuesOf(schema as z.ZodType, field)] as const,
  );
  const required = fields.map(([field]) => field).filter(field => !optional(shape[field] as z.ZodType));
  return fc.record(Object.fromEntries(fields), { requiredKeys: required }) as fc.Arbitrary<
    Record<string, unknown>
  >;
};

/** Whatever some store or encoding on the way gives a meaning to. */
const AWKWARD = '{"a\\",NULL}\n\u{1f600}';

const extremes = <T>(...values: readonly (T | null)[]): readonly T[] =>
  values.filter(value => value !== null);

const optional = (schema: z.ZodType) => schema.safeParse(undefined).success;

function valuesOf(schema: z.ZodType, field: string): fc.Arbitrary<unknown> {
  const { ref, title: name } = (schema.meta() ?? {}) as { ref?: string; title?: string };
  const known =
    FIELDS[field] ?? (ref ? fc.constantFrom(...(REFERENCES[ref] ?? IDS)) : name ? NAMED[name] : undefined);
  if (known) return schema instanceof z.ZodNullable ? fc.option(known) : known;
  if (schema instanceof z.ZodNullable) return fc.option(valuesOf(schema.unwrap() as z.ZodType, field));
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)
    return valuesOf(schema.unwrap() as z.ZodType, field);
  if (schema instanceof z.ZodArray)
    return fc.array(valuesOf(schema.element as z.ZodType, field), { minLength: 1, maxLength: 3 });
  if (schema instanceof z.ZodObject) return inputOf(schema.shape);
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options);
  if (schema instanceof z.ZodBoolean) return fc.boolean();
  if (schema instanceof z.ZodNumber)
    return fc.constantFrom(1, 10, 100, ...extremes(schema.minValue, schema.maxValue));
  if (schema instanceof z.ZodString)
    return fc.constantFrom('One', 'two', ' Two ', AWKWARD, ...extremes('é'.repeat(schema.maxLength ?? 1)));
  throw new Error(`no values are known for ${field}, a ${schema.type}`);
}
