/** Money as it goes out and comes in. */
import type { Money } from '../../domain/kernel/values.ts';
import type { Builder } from './builder.ts';

export type MoneyTypes = ReturnType<typeof defineMoney>;

export function defineMoney(builder: Builder) {
  const output = builder.objectRef<Money>('Money').implement({
    description: "An amount at its currency's scale. Amounts of different currencies are never added up.",
    fields: t => ({
      amount: t.expose('amount', { type: 'Decimal' }),
      currency: t.exposeString('currency', { description: 'ISO 4217' }),
    }),
  });
  const input = builder.inputType('MoneyInput', {
    fields: t => ({
      amount: t.field({ type: 'Decimal', required: true }),
      currency: t.string({ required: true, description: 'ISO 4217' }),
    }),
  });
  return { output, input };
}
