/** The trees of all workspaces, as their leaves come by in the order of the log. */
import type { WitnessedHead } from '../headFiles.ts';
import type { Findings } from './findings.ts';
import {
  type Beginning,
  type CachedTree,
  checkTree,
  type Leaf,
  type TreeCheck,
  type TreeSummary,
} from './trees.ts';

export type TreesOptions = {
  readonly findings: Findings;
  /** Heads that a witness holds. */
  readonly witnessed: readonly WitnessedHead[];
  readonly cached: ReadonlyMap<string, CachedTree>;
  /** What is before is believed, and other workspaces are not looked at. */
  readonly since?: Beginning | undefined;
};

export type TreesCheck = {
  readonly add: (workspaceId: string, leaf: Leaf) => void;
  readonly finish: () => readonly TreeSummary[];
};

export function checkTrees({ findings, witnessed, cached, since }: TreesOptions): TreesCheck {
  const trees = new Map<string, TreeCheck>();
  const treeOf = (workspaceId: string): TreeCheck => {
    const tree =
      trees.get(workspaceId) ??
      checkTree({
        workspaceId,
        findings,
        witnessed: witnessed.filter(head => head.workspaceId === workspaceId).sort((a, b) => a.size - b.size),
        cached: cached.get(workspaceId),
        since,
      });
    trees.set(workspaceId, tree);
    return tree;
  };
  return {
    add: (workspaceId, leaf) => treeOf(workspaceId).add(leaf),
    finish: () => {
      // A tree of which nothing is left is looked for as well.
      const expected = since
        ? [since.head.workspaceId]
        : [...cached.keys(), ...witnessed.map(({ workspaceId }) => workspaceId)];
      for (const workspaceId of expected) treeOf(workspaceId);
      return [...trees.values()].map(tree => tree.finish());
    },
  };
}
