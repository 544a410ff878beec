/** Areas: what is added to the derived schema by hand, one file an idea, in the folders of `src/api/graphql/`. */
import { findExports, isKind } from '../../modules.ts';
import type { Models } from '../../projections/query/models.ts';
import type { Builder } from './builder.ts';
import type { Comparison } from './comparison.ts';
import type { ConnectionTypes } from './connections.ts';
import type { Entities } from './entities.ts';
import type { ListInputs } from './filters.ts';
import type { SharedTypes } from './types.ts';

export type Tools = {
  readonly builder: Builder;
  readonly models: Models;
  readonly types: SharedTypes;
  readonly entities: Entities;
  readonly connections: ConnectionTypes;
  readonly comparison: Comparison;
  readonly inputsOf: (entity: ReturnType<Entities['of']>) => ListInputs;
};

export type Area = { readonly kind: 'area'; readonly define: (tools: Tools) => void };

/** Called before the derived types are made, so that it may add fields to them and replace some. */
export const area = (define: (tools: Tools) => void): Area => ({ kind: 'area', define });

export const loadAreas = (): Promise<readonly Area[]> =>
  findExports(new URL('../graphql/', import.meta.url), isKind<Area>('area'), 'deep');
