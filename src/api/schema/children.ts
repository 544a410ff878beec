/** Lists that hang on a record: the opportunities of an account. One statement for all accounts of an answer. */

import type { Moment } from '../../projections/query/moment.ts';
import type { Order } from '../../projections/query/order.ts';
import { type BelongsTo, countRowsBy, fetchPagesBy, pointingTo } from '../../projections/query/pagesBy.ts';
import { momentOf, type Row } from '../../projections/query/plan.ts';
import type { Tools } from './area.ts';
import { connectionOf, costOf, NODE_PATHS, pageArgs } from './connections.ts';
import type { Context } from './context.ts';
import type { Entity } from './entities.ts';
import { loaderFor } from './loaders.ts';
import { askedOf, asksFor } from './lookahead.ts';
import { listArgs } from './recordQueries.ts';

export type Children = {
  readonly on: Entity;
  readonly field: string;
  readonly of: Entity;
  readonly description?: string;
  readonly belongsTo: (context: Context, moment: Moment) => BelongsTo;
  /** Instead of one that the query may choose. */
  readonly order?: Order;
};

/** `children(tools, 'account', 'opportunities', 'opportunity', 'accountId')` */
export function childrenBy(tools: Tools, on: string, field: string, of: string, column: string): void {
  const child = tools.entities.of(of);
  const belongsTo = pointingTo(child.model, column);
  defineChildren(tools, { on: tools.entities.of(on), field, of: child, belongsTo: () => belongsTo });
}

export function defineChildren({ builder, connections, inputsOf }: Tools, children: Children): void {
  const { on, field, of, description, belongsTo, order } = children;
  on.sources.set(field, { kind: 'own', columns: [], reads: true });
  const inputs = inputsOf(of);
  builder.objectField(on.ref, field, t =>
    t.field({
      type: connections.of(of),
      complexity: costOf,
      ...(description && { description }),
      args: {
        filter: t.arg({ type: inputs.filter }),
        ...(!order && { orderBy: t.arg({ type: [inputs.orderBy] }) }),
        ...pageArgs(builder),
      },
      resolve: (parent: Row, args, context, info) => {
        const moment = parent[momentOf];
        const loader = loaderFor(context.reads.loaders, info.fieldNodes, moment, async ids => {
          const { session } = context.reads;
          const given = listArgs(of, args);
          const list = {
            ...given,
            order: order ?? given.order,
            selection: askedOf(of, info, NODE_PATHS).selection,
            moment,
            belongsTo: belongsTo(context, moment),
          };
          const [pages, counts] = await Promise.all([
            fetchPagesBy(session, list, ids),
            asksFor(info, 'totalCount') ? countRowsBy(session, list, ids) : [],
          ]);
          return pages.map((page, i) => connectionOf(page, counts[i]));
        });
        return loader.load(parent.id);
      },
    }),
  );
}
