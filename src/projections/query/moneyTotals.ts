/** Sums of money, one for each currency and never over several. */
import { normaliseAmount } from '../../domain/kernel/money.ts';
import type { Money } from '../../domain/kernel/values.ts';

/** A sum as Postgres answers it: no currency means that no row had an amount. */
export type Sum = { readonly amount: string | null; readonly currency: string | null };

/** The sums that are there, at their currency's scale, by currency. */
export const totalsOf = (sums: readonly Sum[]): readonly Money[] =>
  sums
    .flatMap(({ amount, currency }) => (amount === null || currency === null ? [] : [{ amount, currency }]))
    .map(sum => ({ amount: normaliseAmount(sum) ?? sum.amount, currency: sum.currency }))
    .sort((a, b) => (a.currency < b.currency ? -1 : 1));
