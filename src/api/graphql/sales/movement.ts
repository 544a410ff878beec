/** A pipeline between two moments: the steps that lead from the one to the other, and its board beside itself. */
import {
  type BoardDiff,
  type ColumnDiff,
  fetchBoardDiff,
  idsOfDifferences,
  type Move,
} from '../../../projections/query/boardDiff.ts';
import {
  fetchMovement,
  idsOfStep,
  type Movement,
  STEPS,
  type Step,
} from '../../../projections/query/movement.ts';
import type { Comparing } from '../../../projections/query/pairs.ts';
import { area, type Tools } from '../../schema/area.ts';
import { askedOf } from '../../schema/lookahead.ts';
import { comparingArgs, comparingIn, defineShifts, defineWorth } from './comparing.ts';

type Compared<T> = T & { readonly comparing: Comparing };
type Shared = {
  readonly worth: ReturnType<typeof defineWorth>;
  readonly shifts: ReturnType<typeof defineShifts>;
};

export const comparedPipelines = area(tools => {
  const shared = { worth: defineWorth(tools), shifts: defineShifts(tools) };
  defineMovement(tools, shared);
  defineBoardDiff(tools, shared);
});

function defineMovement(tools: Tools, { worth, shifts }: Shared): void {
  const { builder, types, models } = tools;
  const step = builder.objectRef<Compared<Step>>('PipelineStep').implement({
    fields: t => ({
      category: t.field({
        type: types.enums('PipelineStepCategory', Object.keys(STEPS)),
        resolve: ({ category }) => category,
      }),
      count: t.exposeInt('count'),
      totals: t.expose('totals', {
        type: [types.money.output],
        description: 'What its opportunities are worth at `to`, or were when last known.',
      }),
      countChange: t.exposeInt('countChange', {
        description: 'What the step adds to the number of open opportunities.',
      }),
      change: t.expose('change', {
        type: [types.money.output],
        description: 'What the step adds to what they are worth. A move to another stage adds nothing.',
      }),
      opportunities: t.field(
        shifts<Compared<Step>>(
          (context, { comparing, category }) => idsOfStep(context.reads.session, models, comparing, category),
          ({ count }) => count,
        ),
      ),
    }),
  });
  const movement = builder.objectRef<Compared<Movement>>('PipelineMovement').implement({
    description:
      'The opening, and the changes of all steps added to it, are the closing: in number and in every currency.',
    fields: t => ({
      opening: t.expose('opening', { type: worth, description: 'What was open at `from`.' }),
      closing: t.expose('closing', { type: worth, description: 'What is open at `to`.' }),
      steps: t.field({
        type: [step],
        description: 'One of each category.',
        resolve: ({ steps, comparing }) => steps.map(each => ({ ...each, comparing })),
      }),
    }),
  });
  builder.queryField('pipelineMovement', t =>
    t.field({
      type: movement,
      complexity: 200,
      description: 'What became of the open opportunities of a pipeline between two moments.',
      args: comparingArgs(tools),
      resolve: async (_, args, context) => {
        const { comparing } = await comparingIn(tools, context, args);
        return { ...(await fetchMovement(context.reads.session, models, comparing)), comparing };
      },
    }),
  );
}

function defineBoardDiff(tools: Tools, { worth, shifts }: Shared): void {
  const { builder, entities, types, models } = tools;
  const [pipeline, stage] = [entities.of('pipeline'), entities.of('stage')];
  const column = builder.objectRef<ColumnDiff>('BoardColumnDiff').implement({
    description: '`before` + `entered` − `left` + `revalued` = `after`: in number and in every currency.',
    fields: t => ({
      stage: t.expose('stage', { type: stage.ref }),
      before: t.expose('before', { type: worth }),
      after: t.expose('after', { type: worth }),
      entered: t.expose('entered', { type: worth, description: 'At what they are worth at `to`.' }),
      left: t.expose('left', { type: worth, description: 'At what they were worth at `from`.' }),
      revalued: t.expose('revalued', {
        type: [types.money.output],
        description: 'By how much those that stayed in it have changed.',
      }),
    }),
  });
  const move = builder.objectRef<Move>('BoardMove').implement({
    fields: t => ({
      from: t.expose('from', {
        type: stage.ref,
        nullable: true,
        description: 'Null: it was not on the board.',
      }),
      to: t.expose('to', { type: stage.ref, nullable: true, description: 'Null: it is not on the board.' }),
      count: t.exposeInt('count'),
      totals: t.expose('totals', { type: [types.money.output] }),
    }),
  });
  const diff = builder.objectRef<Compared<BoardDiff>>('BoardDiff').implement({
    fields: t => ({
      pipeline: t.expose('pipeline', { type: pipeline.ref, nullable: true }),
      columns: t.expose('columns', { type: [column] }),
      moves: t.expose('moves', {
        type: [move],
        description: 'How many went from which column to which, and what they are worth at `to`.',
      }),
      opportunities: t.field({
        description: 'Those that are not in the same column at the same amount.',
        ...shifts<Compared<BoardDiff>>(
          (context, { comparing }) => idsOfDifferences(context.reads.session, models, comparing),
          ({ differences }) => differences,
        ),
      }),
    }),
  });
  builder.queryField('boardDiff', t =>
    t.field({
      type: diff,
      complexity: 300,
      description: 'The board of a pipeline at two moments.',
      args: comparingArgs(tools),
      resolve: async (_, args, context, info) => {
        const { comparing, ...board } = await comparingIn(tools, context, args);
        const found = await fetchBoardDiff(context.reads.session, models, comparing, {
          ...board,
          pipeline: askedOf(pipeline, info, ['pipeline']).selection,
          stages: askedOf(stage, info, ['columns.stage', 'moves.from', 'moves.to']).selection,
        });
        return { ...found, comparing };
      },
    }),
  );
}
