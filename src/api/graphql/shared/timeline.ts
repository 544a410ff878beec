/** What happened to a record: of itself, and for an account also of its contacts, opportunities and activities. */
import { sql } from 'kysely';
import type { Filter } from '../../../projections/query/filter.ts';
import type { Moment } from '../../../projections/query/moment.ts';
import type { Order } from '../../../projections/query/order.ts';
import { fetchCategory, inTimelineOf } from '../../../projections/query/timeline.ts';
import { area } from '../../schema/area.ts';
import { defineChildren } from '../../schema/children.ts';
import { costOf, pageArgs, resolveConnection } from '../../schema/connections.ts';
import type { Context } from '../../schema/context.ts';
import { filterFrom } from '../../schema/filters.ts';
import { momentArgs, momentIn } from '../../schema/moments.ts';
import { idFrom, showAfter } from '../../schema/recordQueries.ts';

/** By when it happened; what happened at the same time, by its place in the log. */
const NEWEST_FIRST: Order = [
  { column: 'occurredAt', kind: 'instant', nullable: false, direction: 'desc', nulls: 'last' },
  { column: 'knownFrom', kind: 'position', nullable: false, direction: 'desc', nulls: 'last' },
  { column: 'id', kind: 'ref', nullable: false, direction: 'desc', nulls: 'last' },
];

const DESCRIPTION =
  "What happened, newest first. An account's also holds that of its contacts, opportunities and activities.";

export const timelines = area(tools => {
  const { builder, entities, connections, models, inputsOf } = tools;
  const entry = entities.of('timelineEntry');

  for (const record of entities.all().filter(entity => entity.model.of))
    defineChildren(tools, {
      on: record,
      field: 'timeline',
      of: entry,
      description: DESCRIPTION,
      order: NEWEST_FIRST,
      belongsTo: (context, moment) => parentId =>
        inTimelineOf(models, context.workspaceId, record.name, parentId, moment),
    });

  builder.queryField('timeline', t =>
    t.field({
      type: connections.of(entry),
      complexity: costOf,
      description: DESCRIPTION,
      args: {
        recordId: t.arg.id({ required: true }),
        filter: t.arg({ type: inputsOf(entry).filter }),
        ...pageArgs(builder),
        ...momentArgs(builder),
        afterPosition: t.arg({ type: 'Position' }),
      },
      resolve: async (_, args, context, info) => {
        showAfter(context, args.afterPosition, 'afterPosition');
        const id = idFrom(args.recordId, 'recordId');
        const moment = await momentIn(context, args);
        const { first, after, last, before } = args;
        return resolveConnection(context.reads.session, entry, info, {
          moment,
          filter: filterFrom(entry, args.filter as Filter | null | undefined),
          where: [await ofRecord(context, id, moment)],
          order: NEWEST_FIRST,
          page: { first, after, last, before },
        });
      },
    }),
  );
});

async function ofRecord({ reads, services: { models }, workspaceId }: Context, id: string, moment: Moment) {
  const category = await fetchCategory(reads.session, id);
  return inTimelineOf(models, workspaceId, category, sql`${id}::uuid`, moment);
}
