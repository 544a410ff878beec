/** The values that events and commands are made of: plain JSON, each with one zod schema. */
import { z } from 'zod';
import { currencyScale, isCurrency, MAX_WHOLE_DIGITS, normaliseAmount } from './money.ts';

/** A UUID in lower case. Aggregates that are created get a UUIDv8 of their command; other ids are UUIDv7. */
export const Id = z.uuid().lowercase().meta({ title: 'ID' });
export type Id = z.infer<typeof Id>;

/**
 * The id of a record of another aggregate. The declaration is used everywhere: dispatch refuses an id that does not
 * exist, GraphQL offers the record itself, the importer resolves names to it.
 */
export const Ref = (category: string) => Id.meta({ title: 'ID', ref: category });

// Postgres cannot store U+0000, and a lone surrogate has no UTF-8: both are refused before they reach the log.
const storable = (text: string) => !text.includes('\u0000') && text.isWellFormed();

const bounded = (text: z.ZodString, max: number) =>
  text.min(1).max(max).refine(storable, 'must not hold U+0000 or half a surrogate pair');

/** Text of 1 to `max` characters that every store can hold. */
export const Text = (max: number) => bounded(z.string().trim(), max);

/** Text that is stored in lower case, and bounded as stored: some letters grow. */
export const LowerCaseText = (max: number) => bounded(z.string().trim().toLowerCase(), max);

// Postgres has no year 0, and beyond 9999 text order is no longer time order.
const inCommonYears = (text: string) => /^(?!0000)\d{4}-/.test(text);
const ofCommonYears = 'must be of the years 0001 to 9999';

/** A day without a time or zone: `2017-03-31`. */
export const LocalDate = z.iso.date().refine(inCommonYears, ofCommonYears).meta({ title: 'LocalDate' });
export type LocalDate = z.infer<typeof LocalDate>;

/** A moment in UTC, always written with milliseconds, so that text order is time order. */
export const Instant = z.iso
  .datetime({ offset: true })
  .transform(text => new Date(text).toISOString())
  .refine(inCommonYears, ofCommonYears)
  .meta({ title: 'Instant' });
export type Instant = z.infer<typeof Instant>;

/** ISO 4217 code. */
export const Currency = z.string().refine(isCurrency, {
  error: 'must be an ISO 4217 currency code such as EUR',
  abort: true, // how many decimals an amount may have can't be said without it
});

const DECIMAL = new RegExp(`^-?\\d{1,${MAX_WHOLE_DIGITS}}(\\.\\d{1,4})?$`);

/** An amount at its currency's scale: `{amount: "12500.50", currency: "EUR"}`. Never a JavaScript number. */
export const Money = z
  .object({
    amount: z.string().regex(DECIMAL, {
      error: 'must be a decimal such as "12500.50"',
      abort: true, // what follows counts its digits
    }),
    currency: Currency,
  })
  .refine(m => normaliseAmount(m) !== undefined, {
    error: issue => {
      const currency = (issue.input as { currency: string }).currency;
      return `has more than the ${currencyScale(currency)} decimals of ${currency}`;
    },
    path: ['amount'],
  })
  .transform(m => ({ amount: normaliseAmount(m) ?? m.amount, currency: m.currency }))
  .meta({ title: 'Money' });
export type Money = { readonly amount: string; readonly currency: string };

/** Money that may not be below zero. */
export const Price = Money.refine(m => !m.amount.startsWith('-'), {
  error: 'must not be below zero',
  path: ['amount'],
}).meta({ title: 'Money' });

/** An e-mail address, normalised to lower case; the one form that is stored, shown and compared. */
export const EmailAddress = z
  .string()
  .trim()
  .toLowerCase()
  .pipe(z.email().max(254))
  .meta({ title: 'EmailAddress' });

/** A phone number in E.164: `+4930123456`. */
export const PhoneNumber = z
  .string()
  .regex(/^\+[1-9]\d{6,14}$/, 'must be in E.164 form such as +4930123456')
  .meta({ title: 'PhoneNumber' });

/** A label that people put on records; compared in lower case. */
export const Tag = LowerCaseText(50);

/** A zod raw shape, as commands and events declare their fields. */
export type Shape = z.core.$ZodLooseShape;
/** What a shape holds once it has been parsed. */
export type Fields<S extends Shape> = z.output<z.ZodObject<S>>;
