/** Lists of things that have no history and are no records: what there is now, by any column. */
import type { Filter } from '../../projections/query/filter.ts';
import { present } from '../../projections/query/moment.ts';
import { orderOf } from '../../projections/query/order.ts';
import type { Tools } from './area.ts';
import { costOf, pageArgs, resolveConnection } from './connections.ts';
import { filterFrom, type OrderInput, orderFrom } from './filters.ts';
import { showAfter } from './recordQueries.ts';

export type PresentList = {
  readonly field: string;
  readonly of: string;
  readonly description: string;
  /** Unless the query says otherwise. */
  readonly order: { readonly column: string; readonly direction: 'asc' | 'desc' };
};

export function definePresentList(
  { builder, entities, connections, inputsOf }: Tools,
  { field, of, description, order }: PresentList,
): void {
  const entity = entities.of(of);
  const inputs = inputsOf(entity);
  builder.queryField(field, t =>
    t.field({
      type: connections.of(entity),
      complexity: costOf,
      description,
      args: {
        filter: t.arg({ type: inputs.filter }),
        orderBy: t.arg({ type: [inputs.orderBy] }),
        ...pageArgs(builder),
        afterPosition: t.arg({ type: 'Position' }),
      },
      resolve: async (_, args, context, info) => {
        showAfter(context, args.afterPosition, 'afterPosition');
        const given = args.orderBy as readonly OrderInput[] | null | undefined; // its type is made by `filters.ts`
        const { first, after, last, before } = args;
        return resolveConnection(context.reads.session, entity, info, {
          moment: present,
          filter: filterFrom(entity, args.filter as Filter | null | undefined), // likewise
          order: given && given.length > 0 ? orderFrom(entity, given) : orderOf(entity.model, [order]),
          page: { first, after, last, before },
        });
      },
    }),
  );
}
