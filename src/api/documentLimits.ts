/** How deep, wide and long a document may be: a validation rule, so that each document is measured once. */
import {
  type ASTNode,
  type ASTVisitor,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';
import { apiError } from './errors.ts';
import type { Limits } from './limits.ts';

type Measure = { readonly depth: number; readonly aliases: number };

export const documentLimits =
  (limits: Limits) =>
  (context: ValidationContext): ASTVisitor => ({
    Document: document => {
      for (const error of excesses(document, limits)) context.reportError(error);
    },
  });

function excesses(document: DocumentNode, limits: Limits): GraphQLError[] {
  const refuse = (what: string, found: number, limit: number) =>
    found > limit
      ? [
          apiError(`the document has ${what} ${found}, more than ${limit}`, {
            code: 'TOO_COMPLEX',
            details: { limit },
          }),
        ]
      : [];
  const { depth, aliases } = measure(document);
  return [
    ...refuse('depth', depth, limits.depth),
    ...refuse('aliases:', aliases, limits.aliases),
    ...refuse('tokens:', tokensOf(document, limits.tokens), limits.tokens),
  ];
}

/** The greatest of all operations. Introspection, which is deep by nature and ends by itself, counts as one level. */
function measure(document: DocumentNode): Measure {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const measured = new Map<string, Measure>();
  const open = new Set<string>();

  const ofFragment = (name: string): Measure => {
    const fragment = fragments.get(name);
    // A circle is another rule's to refuse; here it must only come to an end.
    if (!fragment || open.has(name)) return { depth: 0, aliases: 0 };
    open.add(name);
    const known = measured.get(name) ?? ofSet(fragment.selectionSet);
    measured.set(name, known);
    open.delete(name);
    return known;
  };

  const ofSet = (set: SelectionSetNode | undefined): Measure => {
    let depth = 0;
    let aliases = 0;
    for (const selection of set?.selections ?? []) {
      const inner = innerOf(selection);
      const levels = selection.kind === Kind.FIELD ? 1 : 0;
      depth = Math.max(depth, inner.depth + levels);
      aliases += inner.aliases + (selection.kind === Kind.FIELD && selection.alias ? 1 : 0);
    }
    return { depth, aliases };
  };

  const innerOf = (selection: SelectionSetNode['selections'][number]): Measure => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value);
    if (selection.kind === Kind.FIELD && selection.name.value.startsWith('__'))
      return { depth: 0, aliases: 0 };
    return ofSet(selection.selectionSet);
  };

  return document.definitions.reduce<Measure>(
    (greatest, definition) => {
      if (definition.kind !== Kind.OPERATION_DEFINITION) return greatest;
      const { depth, aliases } = ofSet(definition.selectionSet);
      return { depth: Math.max(greatest.depth, depth), aliases: Math.max(greatest.aliases, aliases) };
    },
    { depth: 0, aliases: 0 },
  );
}

/** Counted no further than needed: the parser has counted already, except for documents over WebSockets. */
function tokensOf({ loc }: ASTNode, limit: number): number {
  let count = 0;
  for (let token = loc?.startToken; token && count <= limit; token = token.next ?? undefined) count += 1;
  return count;
}
