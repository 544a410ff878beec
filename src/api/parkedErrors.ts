/** Telling those who read rows to which an event could not be applied; the data are answered beside it. */
import type { GraphQLError } from 'graphql';
import type { ParkedHere } from '../projections/engine/parkedIndex.ts';
import { apiError } from './errors.ts';

/** By model. */
export type ParkedFound = Map<string, readonly ParkedHere[]>;

const MOST_IDS = 100;

/** Without a path: by the rules of GraphQL one would say that the field is null. */
export const parkedErrors = (found: ParkedFound): readonly GraphQLError[] =>
  [...found].map(([model, parked]) => {
    const ids = parked.slice(0, MOST_IDS).map(({ key }) => key);
    const first = parked.reduce((least, { position }) => (position < least ? position : least), MAX);
    const message = `of ${model}, ${parked.length} could not be kept up to date; this answer may be wrong by them`;
    return apiError(message, {
      code: 'PARKED',
      details: { model, ids, count: parked.length, position: `${first}` },
    });
  });

const MAX = 2n ** 63n - 1n;
