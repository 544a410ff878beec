/** One row a pipeline, with history; its stages are rows of `stages`. */
import { pipeline } from '../domain/sales/pipeline.ts';
import { searchable, text } from './columns.ts';
import { recordModel } from './readModel.ts';

export const pipelines = recordModel('pipelines', pipeline, {
  version: 1,
  columns: { name: searchable(text) },
  on: {},
});
