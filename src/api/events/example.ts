/** An example of what a shape holds: always the same, complete, and valid. */
import { z } from 'zod';
import type { Shape } from '../../domain/kernel/values.ts';
import { idFrom } from '../../eventstore/hash.ts';

export const exampleOf = (shape: Shape, place = ''): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(shape).map(([field, schema]) => [
      field,
      madeUp(schema as z.ZodType, field, `${place}/${field}`),
    ]),
  );

/** By the name under which a value is declared. */
const NAMED: Readonly<Record<string, unknown>> = {
  LocalDate: '2026-03-31',
  Instant: '2026-03-31T09:30:00.000Z',
  Money: { amount: '12500.50', currency: 'EUR' },
  EmailAddress: 'ann@example.com',
  PhoneNumber: '+4930123456',
  LogPosition: '1024',
  Hash: '0'.repeat(64),
  KeyId: '0'.repeat(32),
  PublicKey: `${'A'.repeat(43)}=`,
  Signature: `${'A'.repeat(86)}==`,
};

/** For texts of a pattern: the first that fits is taken. */
const PATTERNED = ['de-DE', 'Europe/Berlin', '2'];

/** @throws when a declaration asks for more than this knows to make up. */
function madeUp(schema: z.ZodType, field: string, place: string): unknown {
  const title = schema.meta()?.title;
  if (title === 'ID') return idFrom('example', place);
  if (typeof title === 'string' && title in NAMED) return NAMED[title];
  if (schema instanceof z.ZodObject) return exampleOf(schema.shape, place);
  if (schema instanceof z.ZodArray) return [madeUp(schema.element as z.ZodType, field, place)];
  const inner = (schema as { unwrap?: () => unknown }).unwrap?.();
  if (inner instanceof z.ZodType && inner !== schema) return madeUp(inner, field, place);
  const found = candidates(schema, field).find(value => schema.safeParse(value).success);
  if (found === undefined) throw new Error(`no example is known for ${place}, a ${schema.type}`);
  return found;
}

function candidates(schema: z.ZodType, field: string): readonly unknown[] {
  if (schema instanceof z.ZodEnum) return schema.options;
  if (schema instanceof z.ZodBoolean) return [true];
  if (schema instanceof z.ZodNumber) return [10, schema.minValue, schema.maxValue];
  const words = field.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`);
  return [`example ${words}`, words, ...PATTERNED];
}
