/** The stages of all pipelines, in their order, with history: the columns of a board as it was. */
import { ForecastCategory, pipeline, type Stage, StageCategory } from '../domain/sales/pipeline.ts';
import { boolean, choice, int, ref, text } from './columns.ts';
import { keyedModel } from './readModel.ts';

export const stages = keyedModel('stages', pipeline, {
  version: 1,
  columns: {
    pipelineId: ref('pipeline'),
    name: text,
    category: choice('StageCategory', StageCategory.options),
    probability: int,
    forecastCategory: choice('ForecastCategory', ForecastCategory.options),
    maxDays: int.optional,
    /** Its place in the pipeline, from 0. */
    place: int,
    /** It takes no more opportunities. */
    retired: boolean,
  },
  indexes: [['pipelineId', 'place']],
  on: {
    PipelineDefined: {
      keys: ({ data }) => data.stages.map(stage => stage.stageId),
      evolve: (_, event, key) => stageRow(event, key),
    },
    PipelineStagesChanged: {
      keys: ({ data }) => [...data.stages.map(stage => stage.stageId), ...data.retired],
      evolve: (row, event, key) => stageRow(event, key) ?? (row ? { ...row, retired: true } : null),
    },
  },
});

function stageRow(
  { data, aggregateId }: { data: { stages: readonly Stage[] }; aggregateId: string },
  key: string,
) {
  const place = data.stages.findIndex(stage => stage.stageId === key);
  const stage = data.stages[place];
  if (!stage) return null;
  const { stageId: _, maxDays, ...rest } = stage;
  return { ...rest, maxDays: maxDays ?? null, pipelineId: aggregateId, place, retired: false };
}
