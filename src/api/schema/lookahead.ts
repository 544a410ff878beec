/** What a query asks of a type's rows, found in its document before anything is read; once for each document. */
import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';
import type { Related, Selection } from '../../projections/query/selection.ts';
import type { Entity } from './entities.ts';

export type Asked = {
  readonly selection: Selection;
  /** Whether fields among them read more by functions of their own. */
  readonly readsMore: boolean;
};

type Fragments = GraphQLResolveInfo['fragments'];
type Remembered = { readonly nodes: readonly FieldNode[]; readonly asked: Map<string, Asked | boolean> };

const remembered = new WeakMap<FieldNode, Remembered>();

/** What is asked of the entity's rows that stand at any of these paths below the field: `['edges.node', 'nodes']`. */
export function askedOf(entity: Entity, info: GraphQLResolveInfo, paths: readonly string[] = ['']): Asked {
  return remember(info, `${entity.name} ${paths.join()}`, () => {
    const sets = paths.flatMap(path => setsAt(selectionSets(info.fieldNodes), path, info.fragments));
    return collect(entity, sets, info.fragments);
  });
}

/** Whether a field at the path is asked for at all. */
export const asksFor = (info: GraphQLResolveInfo, path: string): boolean =>
  remember(info, `?${path}`, () => {
    const steps = path.split('.');
    const last = steps.pop() ?? '';
    return fieldsIn(
      setsAt(selectionSets(info.fieldNodes), steps.join('.'), info.fragments),
      info.fragments,
    ).has(last);
  });

/** Whether the operation has this root field and no other, so that nothing else is read besides. */
export const isAlone = ({ operation }: GraphQLResolveInfo): boolean =>
  operation.selectionSet.selections.length === 1 && operation.selectionSet.selections[0]?.kind === Kind.FIELD;

/** A compiled query has the same nodes each time; the first executions of a document, before, make new lists of them. */
function remember<T extends Asked | boolean>(info: GraphQLResolveInfo, key: string, make: () => T): T {
  const nodes = info.fieldNodes;
  const first = nodes[0];
  if (!first) return make();
  let known = remembered.get(first);
  if (known?.nodes.length !== nodes.length || known.nodes.some((node, i) => node !== nodes[i])) {
    known = { nodes, asked: new Map() };
    remembered.set(first, known);
  }
  const found = known.asked.get(key) as T | undefined; // each key has its own kind of value
  if (found !== undefined) return found;
  const made = make();
  known.asked.set(key, made);
  return made;
}

function collect(entity: Entity, sets: readonly SelectionSetNode[], fragments: Fragments): Asked {
  const columns = new Set<string>();
  const records = new Map<string, Related>();
  const lists = new Map<string, Related>();
  let readsMore = false;
  for (const [name, nodes] of fieldsIn(sets, fragments)) {
    const source = entity.sources.get(name);
    if (!source) continue; // __typename
    if (source.kind === 'column') columns.add(source.column);
    else if (source.kind === 'own') {
      for (const column of source.columns) columns.add(column);
      readsMore ||= source.reads;
    } else {
      const inner = collect(source.entity, selectionSets(nodes), fragments);
      readsMore ||= inner.readsMore;
      (source.kind === 'list' ? lists : records).set(name, {
        column: source.column,
        selection: inner.selection,
      });
    }
  }
  return { selection: { model: entity.model, columns, records, lists }, readsMore };
}

const selectionSets = (nodes: readonly FieldNode[]): SelectionSetNode[] =>
  nodes.flatMap(node => node.selectionSet ?? []);

function setsAt(
  sets: readonly SelectionSetNode[],
  path: string,
  fragments: Fragments,
): readonly SelectionSetNode[] {
  if (path === '') return sets;
  return path
    .split('.')
    .reduce<readonly SelectionSetNode[]>(
      (at, step) => selectionSets(fieldsIn(at, fragments).get(step) ?? []),
      sets,
    );
}

/** The fields of selection sets by name, through fragments; `@skip` and `@include` count as asked for. */
function fieldsIn(sets: readonly SelectionSetNode[], fragments: Fragments): Map<string, FieldNode[]> {
  const fields = new Map<string, FieldNode[]>();
  const walk = (set: SelectionSetNode | undefined) => {
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FIELD) {
        const name = selection.name.value;
        const nodes = fields.get(name);
        if (nodes) nodes.push(selection);
        else fields.set(name, [selection]);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) walk(selection.selectionSet);
      else walk(fragments[selection.name.value]?.selectionSet);
    }
  };
  for (const set of sets) walk(set);
  return fields;
}
