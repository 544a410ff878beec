/** Ids that follow from what the plan says of a row, so that a row that comes again is the same command. */
import { createCache } from '../../commands/cache.ts';
import { createdId } from '../../commands/wish.ts';
import type { Id } from '../../domain/kernel/values.ts';
import { idFrom } from '../../eventstore/hash.ts';
import type { Key } from './row.ts';

/** What all ids of an import have in common. */
export type Scope = {
  readonly workspaceId: string;
  readonly plan: string;
  /** Ties all events of one plan's import together. */
  readonly correlationId: Id;
};

export const scopeOf = (workspaceId: string, plan: string): Scope => ({
  workspaceId,
  plan,
  correlationId: idFrom(JSON.stringify([workspaceId, plan])),
});

/** Which record a kind's keys stand for: the category, and the name of the step that creates it. */
export type Kind = { readonly category: string; readonly step: string };

/** Of the workspace, plan, kind, key and step; never of the row's number. */
export const commandIdOf = ({ workspaceId, plan }: Scope, kind: string, key: Key, step: string): Id =>
  idFrom(JSON.stringify([workspaceId, plan, kind, key, step]));

/** The record that this plan creates for a key. */
const recordIdOf = (scope: Scope, name: string, kind: Kind, key: Key): Id =>
  createdId(scope.workspaceId, kind.category, commandIdOf(scope, name, key, kind.step));

/** `recordIdOf` that remembers: files name the same accounts and owners again and again. */
export function createRecordIds(scope: Scope): (name: string, kind: Kind, key: Key) => Id {
  const known = createCache<Id>(KNOWN_IDS, () => 1);
  return (name, kind, key) => {
    const cacheKey = JSON.stringify([name, key]);
    const before = known.get(cacheKey);
    if (before !== undefined) return before;
    const id = recordIdOf(scope, name, kind, key);
    known.set(cacheKey, id);
    return id;
  };
}

const KNOWN_IDS = 10_000;

/** A part that has a name of its own, such as a stage. */
export const partIdOf = ({ workspaceId, plan }: Scope, name: string): Id =>
  idFrom(JSON.stringify([workspaceId, plan, name]));
