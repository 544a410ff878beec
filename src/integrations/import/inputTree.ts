/**
 * A command's input put together from sources at dotted paths. An object or list whose columns are all empty is left
 * out whole, with the constants in it: no amount, no currency.
 */
import type { Row } from './row.ts';
import type { CompiledSource } from './sources.ts';

export type Leaf = { readonly path: readonly string[]; readonly source: CompiledSource };

type Branch = { readonly children: Map<string, Node>; readonly isList: boolean };
type Node = Branch | CompiledSource;

const isBranch = (node: Node): node is Branch => 'children' in node;

/** A function that makes the input, or the path that is both a value and a parent of others. */
export function inputBuilder(
  leaves: readonly Leaf[],
): ((row: Row) => Record<string, unknown>) | { readonly twice: string } {
  const root: Branch = { children: new Map(), isList: false };
  for (const { path, source } of leaves) {
    let branch = root;
    for (const [depth, part] of path.entries()) {
      const known = branch.children.get(part);
      if (depth === path.length - 1) {
        if (known) return { twice: path.join('.') };
        branch.children.set(part, source);
      } else {
        const next = known ?? { children: new Map(), isList: /^\d+$/.test(path[depth + 1] ?? '') };
        if (!isBranch(next)) return { twice: path.slice(0, depth + 1).join('.') };
        branch.children.set(part, next);
        branch = next;
      }
    }
  }
  const { children } = root;
  const parts = [...children].map(([name, node]) => [name, partOf(node)] as const);
  return row =>
    Object.fromEntries(parts.map(([name, part]) => [name, part.read(row).value] as const).filter(isGiven));
}

/** A part of the input; `given` says that a cell had something for it. */
type Part = {
  readonly variable: boolean;
  readonly read: (row: Row) => { readonly value: unknown; readonly given: boolean };
};

function partOf(node: Node): Part {
  if (isBranch(node)) return partOfBranch(node);
  const variable = node.columns.length > 0;
  return {
    variable,
    read: row => {
      const value = node.read(row);
      return { value, given: variable && value !== undefined };
    },
  };
}

function partOfBranch({ children, isList }: Branch): Part {
  const parts = [...children].map(([name, node]) => [name, partOf(node)] as const);
  if (isList) parts.sort(([a], [b]) => Number(a) - Number(b));
  const variable = parts.some(([, part]) => part.variable);
  return {
    variable,
    read: row => {
      const built = parts.map(([name, part]) => [name, part.read(row)] as const);
      const given = built.some(([, part]) => part.given);
      if (variable && !given) return { value: undefined, given };
      const entries = built.map(([name, part]) => [name, part.value] as const).filter(isGiven);
      return { value: isList ? entries.map(([, value]) => value) : Object.fromEntries(entries), given };
    },
  };
}

const isGiven = ([, value]: readonly [string, unknown]) => value !== undefined;
