/** The stable views that every query reads from, and what columns are called by those who ask. */
import { columnsOf, listOf, searchTexts, snake } from '../engine/sqlNames.ts';
import type { ReadModel } from '../readModel.ts';

export { columnsOf, listOf, searchTexts, snake };

/** The rows of a model as they are now. */
export const viewOf = (model: ReadModel): string => `crm.${snake(model.name)}`;

/** Every version of its rows. */
export const historyOf = (model: ReadModel): string => `crm.${snake(model.name)}_history`;

/** Those of them that are not the last. */
export const supersededOf = (model: ReadModel): string => `crm.${snake(model.name)}_superseded`;

/** What the engine's columns are called outside. */
const RENAMED: Readonly<Record<string, string>> = { validFrom: 'changedAt', knownFrom: 'position' };

export const fieldNameOf = (column: string): string => RENAMED[column] ?? column;
