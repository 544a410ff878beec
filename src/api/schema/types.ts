/** The types that derived fields and inputs share. */
import type { InputRef, OutputRef } from '@pothos/core';
import type { Builder } from './builder.ts';
import { createEnums, type Enums } from './enums.ts';
import { defineMoney, type MoneyTypes } from './money.ts';

export type ScalarName =
  | 'ID'
  | 'String'
  | 'Int'
  | 'Float'
  | 'Boolean'
  | 'LocalDate'
  | 'DateTime'
  | 'Decimal'
  | 'JSON'
  | 'Position';

export type OutputType = ScalarName | OutputRef<unknown>;
export type InputType = ScalarName | InputRef<unknown>;

export type SharedTypes = { readonly enums: Enums; readonly money: MoneyTypes };

export const createTypes = (builder: Builder): SharedTypes => ({
  enums: createEnums(builder),
  money: defineMoney(builder),
});
