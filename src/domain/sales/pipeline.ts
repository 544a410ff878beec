/**
 * Pipeline: the stages that opportunities pass, with exactly one where they are won and one where they are lost.
 * Event shapes are a storage format: change one only by a new version and an upcaster.
 */
import { z } from 'zod';
import { defineAggregate } from '../kernel/aggregate.ts';
import { type CommandContext, command } from '../kernel/command.ts';
import { defineEvents, described } from '../kernel/events.ts';
import { ownership } from '../kernel/record.ts';
import { type Rejection, reject } from '../kernel/rejection.ts';
import { begun, call, part } from '../kernel/undo.ts';
import { Id, Text } from '../kernel/values.ts';

export const StageCategory = z.enum(['open', 'won', 'lost']).meta({ title: 'StageCategory' });
export const ForecastCategory = z
  .enum(['omitted', 'pipeline', 'bestCase', 'commit', 'closed'])
  .meta({ title: 'ForecastCategory' });

const stageFields = {
  name: Text(80),
  category: StageCategory,
  /** Percent. */
  probability: z.int().min(0).max(100),
  forecastCategory: ForecastCategory,
  /** After so many days in the stage an opportunity counts as rotting. */
  maxDays: z.int().min(1).max(3650).optional(),
};

export const Stage = z.object({ stageId: Id, ...stageFields });
export type Stage = z.infer<typeof Stage>;

const StageInput = z
  .object({
    stageId: Id.optional(),
    name: stageFields.name,
    category: StageCategory.default('open'),
    probability: stageFields.probability.optional(),
    forecastCategory: ForecastCategory.optional(),
    maxDays: stageFields.maxDays,
  })
  .meta({ title: 'StageInput' });

const details = { name: Text(200) };
const stages = z.array(Stage).min(1).max(50);

export const events = defineEvents('pipeline', {
  PipelineDefined: described('A pipeline was defined, with its stages in order.', {
    ...details,
    ...ownership,
    stages,
  }),
  PipelineStagesChanged: described(
    'The stages were changed: the whole list as it stands from now on; the retired ones take no more opportunities.',
    { stages, retired: z.array(Id) },
  ),
});

/** Stages in their order; retired ones stay known, because opportunities may still be in them. */
export type Pipeline = { stages: readonly Stage[]; retired: readonly Stage[] };

export const stageOf = (pipeline: Pipeline, stageId: Id | undefined): Stage | undefined =>
  pipeline.stages.find(stage => stage.stageId === stageId);

/** The one stage of a closing category. Every defined pipeline has it: `checkStages` holds this. */
export const closingStage = (pipeline: Pipeline, category: 'won' | 'lost'): Stage => {
  const stage = pipeline.stages.find(s => s.category === category);
  if (!stage) throw new Error(`a pipeline without a ${category} stage`);
  return stage;
};

const define = command<Pipeline>();
// Of three at least, of which one is won and one lost, one is open.
const input = { stages: z.array(StageInput).min(3).max(50) };

export const pipeline = defineAggregate<Pipeline, typeof events>({
  category: 'pipeline',
  details,
  events,
  initial: { stages: [], retired: [] },
  evolve: {
    PipelineDefined: (_, e) => ({ stages: e.stages, retired: [] }),
    PipelineStagesChanged: (s, e) => ({
      stages: e.stages,
      retired: [...s.stages, ...s.retired].filter(old => e.retired.includes(old.stageId)),
    }),
  },
  undo: {
    PipelineDefined: begun,
    PipelineStagesChanged: (_, { stages }) => part('stages', call('changePipelineStages', { stages })),
  },
  commands: {
    definePipeline: define({
      creates: true,
      description: 'Defines a pipeline with its stages in order; exactly one is won and one lost.',
      input: { ...details, ...ownership, ...input },
      decide: (wish, _, context) => {
        const list = complete(wish.stages, [], context);
        return checkStages(list) ?? [events.PipelineDefined({ ...wish, stages: list })];
      },
    }),
    changePipelineStages: define({
      description:
        'Replaces the list of stages: one without a stageId is the present one of its name, or new; one left out takes no more opportunities.',
      input,
      decide: (wish, state, context) => {
        const list = complete(wish.stages, state.stages, context);
        const known = [...state.stages, ...state.retired];
        const turned = list.find(stage =>
          known.some(s => s.stageId === stage.stageId && s.category !== stage.category),
        );
        if (turned)
          return reject(
            'STAGE_CATEGORY_FIXED',
            `the category of "${turned.name}" can't change; add a stage instead`,
            'stages',
          );
        if (JSON.stringify(list) === JSON.stringify(state.stages)) return [];
        const left = known.filter(old => !list.some(stage => stage.stageId === old.stageId));
        const retired = left.map(old => old.stageId);
        return checkStages(list) ?? [events.PipelineStagesChanged({ stages: list, retired })];
      },
    }),
  },
});

/** Fills in what a stage's category implies. One without a stageId is the present one of its name, or new. */
const complete = (
  wished: readonly z.infer<typeof StageInput>[],
  present: readonly Stage[],
  { childId }: CommandContext,
): Stage[] =>
  wished.map(({ maxDays, ...stage }) => ({
    stageId:
      stage.stageId ??
      present.find(old => old.name === stage.name && old.category === stage.category)?.stageId ??
      childId(stage.name),
    name: stage.name,
    category: stage.category,
    probability: stage.probability ?? { open: 50, won: 100, lost: 0 }[stage.category],
    forecastCategory:
      stage.forecastCategory ??
      ({ open: 'pipeline', won: 'closed', lost: 'omitted' } as const)[stage.category],
    ...(maxDays !== undefined && { maxDays }),
  }));

function checkStages(list: readonly Stage[]): Rejection | undefined {
  const twice = <T>(values: readonly T[]) => values.find((value, i) => values.indexOf(value) !== i);
  const name = twice(list.map(stage => stage.name.toLowerCase()));
  if (name)
    return reject('STAGE_NAME_TWICE', `two stages are called "${name}"; give each its own name`, 'stages');
  if (twice(list.map(stage => stage.stageId)))
    return reject('STAGE_ID_TWICE', 'two stages have the same stageId; leave it out for new ones', 'stages');
  for (const category of ['won', 'lost'] as const)
    if (list.filter(stage => stage.category === category).length !== 1)
      return reject('STAGE_CLOSING', `a pipeline has exactly one ${category} stage`, 'stages');
  return undefined;
}
