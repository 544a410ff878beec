/** What compiling the parts of a plan shares: where issues go, and what the plan has declared so far. */

import type { Id } from '../../domain/kernel/values.ts';
import type { Catalog } from '../../eventstore/catalog.ts';
import type { Issue } from './errors.ts';
import type { Kind, Scope } from './ids.ts';
import type { FilePlan, Pass } from './plan.ts';
import { jsonPath } from './readPlan.ts';
import type { Key } from './row.ts';

export type JsonPath = readonly (string | number)[];

export type Context = {
  readonly scope: Scope;
  readonly catalog: Catalog;
  readonly recordId: (name: string, kind: Kind, key: Key) => Id;
  readonly zone: string;
  readonly kinds: ReadonlyMap<string, Kind>;
  /** Kinds that the passes and steps so far create: only these can be referred to. */
  readonly created: Set<string>;
  /** The pass itself, where it is the first to create records of its kind: its rows can't count on each other. */
  readonly beginning: Pick<Pass, 'kind' | 'key'> | undefined;
  readonly issues: Issue[];
  /** The file of the pass; none for constants. */
  readonly file: FilePlan | undefined;
  /** The file's columns that the pass uses. */
  readonly used: Set<string>;
};

export const complain = ({ issues }: Pick<Context, 'issues'>, path: JsonPath, message: string): undefined => {
  issues.push({ path: jsonPath(path), message });
  return undefined;
};

/** Notes that a column is used, and complains where there is no file to have it. */
export function useColumn(context: Context, column: string, path: JsonPath): void {
  if (!context.file)
    complain(
      context,
      path,
      `there is no file here that could have a column "${column}"; use constants, or name a file`,
    );
  context.used.add(column);
}

/** The category behind a kind that is referred to, which must have been created by then. */
export function referredKind(context: Context, name: string, path: JsonPath): Kind | undefined {
  const kind = context.kinds.get(name);
  if (!kind)
    return complain(
      context,
      path,
      `no step creates a "${name}"; name one of ${[...context.kinds.keys()].join(', ') || '(none)'}`,
    );
  if (!context.created.has(name))
    return complain(context, path, `"${name}" is created further down; move its pass or step up`);
  return kind;
}
