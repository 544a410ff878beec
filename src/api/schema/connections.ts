/** Lists as Relay connections: pages of nodes with cursors, and a count where it is asked for. */
import type { GraphQLResolveInfo } from 'graphql';
import {
  countRows,
  DEFAULT_PAGE,
  fetchPage,
  type ListRequest,
  MAX_PAGE,
  type Page,
} from '../../projections/query/page.ts';
import type { Row } from '../../projections/query/plan.ts';
import type { ReadSession } from '../../projections/query/session.ts';
import type { Builder } from './builder.ts';
import type { Entity, EntityRef } from './entities.ts';
import { askedOf, asksFor, isAlone } from './lookahead.ts';

type Edge = { readonly node: Row; readonly cursor: string };
type PageInfo = {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
};
export type Connection = {
  readonly nodes: readonly Row[];
  readonly edges: readonly Edge[];
  readonly pageInfo: PageInfo;
  /** Only where it was asked for. */
  readonly totalCount: number | undefined;
};

/** What a list holds: an entity, or rows that an area makes up. */
export type Listed = Pick<Entity, 'typeName'> & { readonly ref: unknown };

export type ConnectionTypes = { readonly of: (listed: Listed) => ReturnType<typeof defineConnection> };

export function createConnections(builder: Builder): ConnectionTypes {
  const pageInfo = definePageInfo(builder);
  const known = new Map<Listed, ReturnType<typeof defineConnection>>();
  return {
    of: entity => {
      const type = known.get(entity) ?? defineConnection(builder, entity, pageInfo);
      known.set(entity, type);
      return type;
    },
  };
}

const definePageInfo = (builder: Builder) =>
  builder.objectRef<PageInfo>('PageInfo').implement({
    fields: t => ({
      hasNextPage: t.exposeBoolean('hasNextPage'),
      hasPreviousPage: t.exposeBoolean('hasPreviousPage'),
      startCursor: t.exposeString('startCursor', { nullable: true }),
      endCursor: t.exposeString('endCursor', { nullable: true }),
    }),
  });

// What hangs below is counted once for each node, by the list's own multiplier (`costOf`).
const counted = { complexity: { field: 0, multiplier: 1 } };

function defineConnection(
  builder: Builder,
  { typeName, ref }: Listed,
  pageInfo: ReturnType<typeof definePageInfo>,
) {
  const node = ref as EntityRef; // whatever it is, its values are rows
  const edge = builder.objectRef<Edge>(`${typeName}Edge`).implement({
    fields: t => ({
      node: t.expose('node', { type: node, ...counted }),
      cursor: t.exposeString('cursor'),
    }),
  });
  return builder.objectRef<Connection>(`${typeName}Connection`).implement({
    fields: t => ({
      edges: t.expose('edges', { type: [edge], ...counted }),
      nodes: t.expose('nodes', {
        type: [node],
        description: 'The records without their cursors.',
        ...counted,
      }),
      pageInfo: t.expose('pageInfo', { type: pageInfo, complexity: 0 }),
      totalCount: t.exposeInt('totalCount', {
        description: 'How many there are on all pages; counted only when asked for.',
        nullable: false as true, // whenever a query reads it, it has been counted
        complexity: 1, // for each node of the page, as everything that stands here
      }),
    }),
  });
}

export const pageArgs = (builder: Builder) =>
  builder.args(t => ({
    first: t.int({ description: `From 0 to ${MAX_PAGE}; ${DEFAULT_PAGE} unless \`last\` is given.` }),
    after: t.string({ description: 'The cursor to go on after.' }),
    last: t.int(),
    before: t.string(),
  }));

type PageSize = { readonly first?: number | null | undefined; readonly last?: number | null | undefined };

/** A page costs one for its statement, and what a node costs for each. */
export const costOf = ({ first, last }: PageSize) => ({
  field: 5,
  multiplier: Math.min(Math.max(first ?? last ?? DEFAULT_PAGE, 0), MAX_PAGE),
});

/** Where a connection's nodes stand below its field. */
export const NODE_PATHS: readonly string[] = ['nodes', 'edges.node'];

/** Reads what the query asks of the list. */
export async function resolveConnection(
  session: ReadSession,
  entity: Entity,
  info: GraphQLResolveInfo,
  request: Omit<ListRequest, 'selection' | 'alone'>,
): Promise<Connection> {
  const { selection, readsMore } = askedOf(entity, info, NODE_PATHS);
  const list = { ...request, selection };
  if (!asksFor(info, 'totalCount'))
    return connectionOf(await fetchPage(session, { ...list, alone: !readsMore && isAlone(info) }));
  const [page, total] = await Promise.all([fetchPage(session, list), countRows(session, list)]);
  return connectionOf(page, total);
}

/** Cursors are made when they are read, for few queries read any. */
export function connectionOf(page: Page, totalCount?: number): Connection {
  const { rows, cursorOf } = page;
  return {
    nodes: rows,
    totalCount,
    get edges() {
      return rows.map(node => ({
        node,
        get cursor() {
          return cursorOf(node);
        },
      }));
    },
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: page.hasPreviousPage,
      get startCursor() {
        const first = rows[0];
        return first ? cursorOf(first) : null;
      },
      get endCursor() {
        const last = rows.at(-1);
        return last ? cursorOf(last) : null;
      },
    },
  };
}
