/** The products on an opportunity. A line without a price says what is sold and sets no amount. */
import { z } from 'zod';
import { isTooLarge, multiplyMoney, sumMoney } from '../kernel/money.ts';
import { type Rejection, reject } from '../kernel/rejection.ts';
import { Id, type Money, Price, Ref } from '../kernel/values.ts';

export const MAX_LINES = 200;

export const lineFields = {
  productId: Ref('product'),
  /** A decimal such as "1" or "2.5". */
  quantity: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,4})?$/, 'must be a decimal such as "2.5"')
    .refine(quantity => /[1-9]/.test(quantity), 'must be above zero')
    .default('1'),
  unitPrice: Price.optional(),
};

export const Line = z.object({ lineId: Id, ...lineFields }).meta({ title: 'OpportunityLine' });
export type Line = z.infer<typeof Line>;
export const LineInput = z
  .object({ lineId: Id.optional(), ...lineFields })
  .meta({ title: 'OpportunityLineInput' });

/** What the priced lines add up to, each rounded half up to the minor unit; nothing when none has a price. */
export function sumOfLines(lines: readonly Line[]): Money | undefined {
  const [first, ...rest] = lines.flatMap(line =>
    line.unitPrice ? [multiplyMoney(line.unitPrice, line.quantity)] : [],
  );
  return first && sumMoney([first, ...rest]);
}

export function checkLines(lines: readonly Line[]): Rejection | undefined {
  const currencies = new Set(lines.flatMap(line => line.unitPrice?.currency ?? []));
  if (currencies.size > 1)
    return reject(
      'CURRENCY_MISMATCH',
      `all lines need one currency, not ${[...currencies].join(' and ')}`,
      'unitPrice',
    );
  if (new Set(lines.map(line => line.lineId)).size < lines.length)
    return reject('LINE_EXISTS', 'two lines have the same lineId', 'lineId');
  if (lines.length > MAX_LINES)
    return reject('TOO_MANY_LINES', `an opportunity has at most ${MAX_LINES} lines; open a second one`);
  const sum = sumOfLines(lines);
  if (sum && isTooLarge(sum))
    return reject('AMOUNT_TOO_LARGE', `the lines add up to ${sum.amount}, more than an amount can hold`);
  return undefined;
}

/** The list with the line in place of the one with its id, or at the end. */
export const withLine = (lines: readonly Line[], line: Line): readonly Line[] =>
  lines.some(other => other.lineId === line.lineId)
    ? lines.map(other => (other.lineId === line.lineId ? line : other))
    : [...lines, line];
