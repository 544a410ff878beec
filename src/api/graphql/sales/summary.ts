/** Opportunities counted and added up by one attribute. */
import type { Filter } from '../../../projections/query/filter.ts';
import { fetchSummary, type Grouping, type SummaryGroup } from '../../../projections/query/summary.ts';
import { area } from '../../schema/area.ts';
import { filterFrom } from '../../schema/filters.ts';
import { momentArgs, momentIn } from '../../schema/moments.ts';
import { showAfter } from '../../schema/recordQueries.ts';

export const opportunitySummary = area(({ builder, entities, types, models, inputsOf }) => {
  const opportunity = entities.of('opportunity');
  const group = builder.objectRef<SummaryGroup>('OpportunitySummaryGroup').implement({
    fields: t => ({
      key: t.exposeID('key', {
        nullable: true,
        description: 'An id, or a quarter such as `2017-Q1`; null for those that have none.',
      }),
      label: t.exposeString('label', {
        nullable: true,
        description: "The record's name at the same moment.",
      }),
      count: t.exposeInt('count'),
      totals: t.expose('totals', { type: [types.money.output], description: 'For each currency.' }),
    }),
  });
  const grouping = builder.enumType('OpportunityGrouping', {
    values: {
      OWNER: {},
      CLOSE_QUARTER: { description: 'Of the day when it was closed, or is expected to be.' },
      PRODUCT: { description: 'Amounts are shared out over the lines, so that they add up.' },
      ACCOUNT: {},
      STAGE: {},
    } satisfies Record<Grouping, object>,
  });

  builder.queryField('opportunitySummary', t =>
    t.field({
      type: [group],
      complexity: { field: 100, multiplier: 10 },
      description: 'The greatest total first; quarters in their order.',
      args: {
        groupBy: t.arg({ type: grouping, required: true }),
        filter: t.arg({ type: inputsOf(opportunity).filter }),
        ...momentArgs(builder),
        after: t.arg({ type: 'Position' }),
      },
      resolve: async (_, args, context) => {
        showAfter(context, args.after, 'after');
        return fetchSummary(context.reads.session, models, {
          groupBy: args.groupBy as Grouping, // the enum's values are the groupings
          filter: filterFrom(opportunity, args.filter as Filter | null | undefined),
          moment: await momentIn(context, args),
        });
      },
    }),
  );
});
