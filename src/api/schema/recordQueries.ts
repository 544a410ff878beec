/** For each record type, two queries: one record by its id, and the list of all. */
import { fetchRecord } from '../../projections/query/fetch.ts';
import type { Filter } from '../../projections/query/filter.ts';
import { invalid } from '../../projections/query/refusal.ts';
import { isId } from '../../projections/query/values.ts';
import type { Builder } from './builder.ts';
import { type ConnectionTypes, costOf, pageArgs, resolveConnection } from './connections.ts';
import type { Context } from './context.ts';
import type { Entity } from './entities.ts';
import { filterFrom, type ListInputs, type OrderInput, orderFrom } from './filters.ts';
import { askedOf, isAlone } from './lookahead.ts';
import { momentArgs, momentIn, positionFrom } from './moments.ts';

const WAITS = 'Waits until the read models show this position, such as a command has answered.';

export function defineRecordQueries(
  builder: Builder,
  entity: Entity,
  connections: ConnectionTypes,
  inputsOf: (entity: Entity) => ListInputs,
): void {
  builder.queryField(entity.name, t =>
    t.field({
      type: entity.ref,
      nullable: true,
      args: {
        id: t.arg.id({ required: true }),
        ...momentArgs(builder),
        after: t.arg({ type: 'Position', description: WAITS }),
      },
      resolve: async (_, args, context, info) => {
        showAfter(context, args.after, 'after');
        const id = idFrom(args.id, 'id');
        const moment = await momentIn(context, args);
        const { selection, readsMore } = askedOf(entity, info);
        const alone = !readsMore && isAlone(info);
        return fetchRecord(context.reads.session, selection, id, moment, alone);
      },
    }),
  );
  const { filter, orderBy } = inputsOf(entity);
  builder.queryField(entity.model.name, t =>
    t.field({
      type: connections.of(entity),
      complexity: costOf,
      args: {
        filter: t.arg({ type: filter }),
        orderBy: t.arg({ type: [orderBy], description: 'The newest first by default.' }),
        ...pageArgs(builder),
        ...momentArgs(builder),
        afterPosition: t.arg({ type: 'Position', description: WAITS }),
      },
      resolve: async (_, args, context, info) => {
        showAfter(context, args.afterPosition, 'afterPosition');
        return resolveConnection(context.reads.session, entity, info, {
          moment: await momentIn(context, args),
          ...listArgs(entity, args),
        });
      },
    }),
  );
}

type ListArgs = {
  readonly filter?: unknown;
  readonly orderBy?: unknown;
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
};

/** Filter, order and page of a list as the query layer takes them. */
export function listArgs(entity: Entity, args: ListArgs) {
  const { first, after, last, before } = args;
  return {
    filter: filterFrom(entity, args.filter as Filter | null | undefined), // its input type is made by `filters.ts`
    order: orderFrom(entity, args.orderBy as readonly OrderInput[] | null | undefined), // likewise
    page: { first, after, last, before },
  };
}

/** Called by root fields before anything is awaited, so that all of them are heard before the snapshot is taken. */
export function showAfter(context: Context, position: unknown, path: string): void {
  if (position !== undefined && position !== null) context.reads.session.after(positionFrom(position, path));
}

/** Ids are UUIDs in lower case; in capitals they mean the same. */
export function idFrom(id: unknown, path: string): string {
  if (!isId(id)) throw invalid(path, 'must be an id');
  return id.toLowerCase();
}
