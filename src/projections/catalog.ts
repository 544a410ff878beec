/** The read models, found in this folder. */
import { findExports, isKind } from '../modules.ts';
import type { ReadModel } from './readModel.ts';

export const loadReadModels = (): Promise<readonly ReadModel[]> =>
  findExports(new URL('./', import.meta.url), isKind<ReadModel>('readModel'), 'flat');
