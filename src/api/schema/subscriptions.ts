/** For each record type: hear when one of its records, or a certain one, has changed. */
import { fetchRecord } from '../../projections/query/fetch.ts';
import { present } from '../../projections/query/moment.ts';
import { isId } from '../../projections/query/values.ts';
import { apiError } from '../errors.ts';
import type { Builder } from './builder.ts';
import { type Change, changesOf } from './changes.ts';
import type { Entity } from './entities.ts';
import { askedOf } from './lookahead.ts';
import { limited } from './subscriptionLimit.ts';

export function defineSubscription(builder: Builder, entity: Entity): void {
  const payload = builder.objectRef<Change>(`${entity.typeName}Changed`).implement({
    fields: t => ({
      id: t.exposeID('id'),
      position: t.expose('position', { type: 'Position' }),
      [entity.name]: t.field({
        type: entity.ref,
        nullable: true,
        description: 'The record as it now is.',
        resolve: async (change, _, context, info) => {
          const { selection, readsMore } = askedOf(entity, info);
          return fetchRecord(context.reads.session, selection, change.id, present, !readsMore);
        },
      }),
    }),
  });
  builder.subscriptionField(`${entity.name}Changed`, t =>
    t.field({
      type: payload,
      description:
        'Each change as it becomes visible. A slow reader sees only the last of several changes of a record.',
      args: { id: t.arg.id({ description: 'Only this record.' }) },
      subscribe: (_, args, context) => {
        const id = wantedId(args.id);
        return limited(context, () =>
          changesOf(context.services, context.workspaceId, entity.model.name, id),
        );
      },
      resolve: (change, _, context) => {
        // The context lives as long as the subscription: without this the second event would show the first one's data.
        context.reads = change.reads;
        return change;
      },
    }),
  );
}

/** Coded here, as nothing formats what `subscribe` throws. */
function wantedId(id: unknown): string | undefined {
  if (id === undefined || id === null) return undefined;
  if (isId(id)) return id.toLowerCase();
  const message = 'must be an id';
  throw apiError(`id: ${message}`, { code: 'VALIDATION', fields: [{ path: 'id', message }] });
}
