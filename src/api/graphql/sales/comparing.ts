/** What the comparisons of a pipeline share: which opportunities they are about, and pages of these as they were and are. */
import type { RawBuilder } from 'kysely';
import { pipelineOf } from '../../../projections/query/board.ts';
import type { Filter } from '../../../projections/query/filter.ts';
import type { Worth } from '../../../projections/query/movement.ts';
import { type Comparing, fetchShifts, type Shift } from '../../../projections/query/pairs.ts';
import type { Tools } from '../../schema/area.ts';
import { type Connection, connectionOf, costOf } from '../../schema/connections.ts';
import type { Context } from '../../schema/context.ts';
import { filterFrom } from '../../schema/filters.ts';
import { askedOf } from '../../schema/lookahead.ts';
import { type MomentArgs, twoMomentArgs, twoMomentsIn } from '../../schema/moments.ts';
import { idFrom, showAfter } from '../../schema/recordQueries.ts';

export const comparingArgs = ({ builder, entities, comparison, inputsOf }: Tools) =>
  builder.args(t => ({
    pipelineId: t.id({ description: "The workspace's default pipeline, as chosen now, when absent." }),
    filter: t.field({ type: inputsOf(entities.of('opportunity')).filter }),
    ...twoMomentArgs(builder, comparison.momentInput),
    after: t.field({ type: 'Position' }),
  }));

type Args = {
  readonly pipelineId?: string | null | undefined;
  readonly filter?: unknown;
  readonly from: MomentArgs;
  readonly to?: MomentArgs | null | undefined;
  readonly after?: unknown;
};

export async function comparingIn({ entities, models }: Tools, context: Context, args: Args) {
  showAfter(context, args.after, 'after');
  const given = args.pipelineId ?? undefined;
  const pipelineId = given === undefined ? undefined : idFrom(given, 'pipelineId');
  const filter = filterFrom(entities.of('opportunity'), args.filter as Filter | null | undefined); // its input type is made by `filters.ts`
  const moments = await twoMomentsIn(context, args);
  const comparing: Comparing = {
    pipelineId: pipelineOf(context.reads.session, models, pipelineId),
    filter,
    ...moments,
  };
  return { pipelineId, filter, comparing };
}

export const defineWorth = ({ builder, types }: Tools) =>
  builder.objectRef<Worth>('OpportunityWorth').implement({
    fields: t => ({
      count: t.exposeInt('count'),
      totals: t.expose('totals', { type: [types.money.output], description: 'For each currency.' }),
    }),
  });

/** Fields with pages of opportunities at both moments. They are given the ids as a statement. */
export function defineShifts({ builder, entities, connections }: Tools) {
  const opportunity = entities.of('opportunity');
  const ref = builder.objectRef<Shift>('OpportunityShift').implement({
    description: 'An opportunity at two moments.',
    fields: t => ({
      id: t.id({ resolve: shift => shift.id }),
      before: t.field({
        type: opportunity.ref,
        nullable: true,
        description: 'As it was at `from`; null where it was not there, or not known.',
        resolve: shift => shift.before,
      }),
      after: t.field({
        type: opportunity.ref,
        nullable: true,
        description: 'As it was at `to`.',
        resolve: shift => shift.after,
      }),
    }),
  });
  const type = connections.of({ typeName: 'OpportunityShift', ref });
  const args = builder.args(t => ({ first: t.int(), after: t.string() }));

  return <T extends { readonly comparing: Comparing }>(
    ids: (context: Context, parent: T) => RawBuilder<unknown>,
    count: (parent: T) => number,
  ) => ({
    type,
    complexity: costOf,
    args,
    resolve: async (
      parent: T,
      page: { readonly first?: number | null | undefined; readonly after?: string | null | undefined },
      context: Context,
      info: Parameters<typeof askedOf>[1],
    ): Promise<Connection> => {
      const at = (side: 'before' | 'after') =>
        askedOf(opportunity, info, [`nodes.${side}`, `edges.node.${side}`]).selection;
      const wanted = { page, before: at('before'), after: at('after') };
      const found = await fetchShifts(context.reads.session, parent.comparing, ids(context, parent), wanted);
      return connectionOf(found, count(parent));
    },
  });
}
