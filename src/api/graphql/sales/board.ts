/** A pipeline as a board, today or as of any day. */
import { type Board, type BoardColumn, fetchBoard } from '../../../projections/query/board.ts';
import type { Filter } from '../../../projections/query/filter.ts';
import { area } from '../../schema/area.ts';
import { filterFrom } from '../../schema/filters.ts';
import { askedOf } from '../../schema/lookahead.ts';
import { momentArgs, momentIn } from '../../schema/moments.ts';
import { idFrom, showAfter } from '../../schema/recordQueries.ts';

export const pipelineBoard = area(({ builder, entities, types, models, inputsOf }) => {
  const [pipeline, stage, opportunity] = [
    entities.of('pipeline'),
    entities.of('stage'),
    entities.of('opportunity'),
  ];

  const column = builder.objectRef<BoardColumn>('PipelineBoardColumn').implement({
    fields: t => ({
      stage: t.expose('stage', { type: stage.ref }),
      count: t.exposeInt('count', { description: 'How many opportunities it holds.' }),
      totals: t.expose('totals', {
        type: [types.money.output],
        description: 'What they are worth, for each currency; opportunities without an amount are not in it.',
      }),
    }),
  });
  const board = builder.objectRef<Board>('PipelineBoard').implement({
    fields: t => ({
      pipeline: t.expose('pipeline', { type: pipeline.ref, nullable: true }),
      columns: t.expose('columns', {
        type: [column],
        description:
          'All stages in their order. One that takes no more opportunities is shown while it holds some.',
      }),
    }),
  });

  builder.queryField('pipelineBoard', t =>
    t.field({
      type: board,
      complexity: 100,
      description:
        'Opportunities by stage. Empty where the pipeline was not there, or not known, at that moment.',
      args: {
        pipelineId: t.arg.id({
          description: "The workspace's default pipeline, as chosen now, when absent.",
        }),
        filter: t.arg({ type: inputsOf(opportunity).filter }),
        ...momentArgs(builder),
        after: t.arg({ type: 'Position' }),
      },
      resolve: async (_, args, context, info) => {
        showAfter(context, args.after, 'after');
        const given = args.pipelineId ?? undefined;
        const pipelineId = given === undefined ? undefined : idFrom(given, 'pipelineId');
        return fetchBoard(context.reads.session, models, {
          pipelineId,
          filter: filterFrom(opportunity, args.filter as Filter | null | undefined),
          moment: await momentIn(context, args),
          pipeline: askedOf(pipeline, info, ['pipeline']).selection,
          stages: askedOf(stage, info, ['columns.stage']).selection,
        });
      },
    }),
  );
});
