/** A value that fits a shape: for tests in which any will do. */
import { z } from 'zod';
import type { Shape } from '../../src/domain/kernel/values.ts';
import { STAGES } from './sales.ts';

/** Only the fields that are required. */
export const sample = (shape: Shape): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(shape)
      .filter(([, schema]) => !(schema as z.ZodType).safeParse(undefined).success)
      .map(([field, schema]) => [field, fitting(field, schema as z.ZodType)]),
  );

const CANDIDATES: readonly unknown[] = [
  '00000000-0000-7000-8000-000000000001',
  '2017-03-15',
  '2017-03-15T12:00:00.000Z',
  'ann@example.com',
  'text',
  { amount: '1', currency: 'EUR' },
  'customer',
  'task',
  STAGES,
  [],
  ['text'],
  ['00000000-0000-7000-8000-000000000001'],
];

function fitting(field: string, schema: z.ZodType): unknown {
  const found = CANDIDATES.find(value => schema.safeParse(value).success);
  if (found === undefined)
    throw new Error(`no sample fits ${field}: ${JSON.stringify(z.toJSONSchema(schema))}`);
  return found;
}
