/** What the records of a workspace share: one row a workspace. */
import { workspace } from '../domain/sales/workspace.ts';
import { ref } from './columns.ts';
import { keyedModel } from './readModel.ts';

export const workspaceSettings = keyedModel('workspaceSettings', workspace, {
  version: 2,
  columns: { defaultPipelineId: ref('pipeline').optional },
  on: {
    WorkspaceDefaultPipelineChosen: {
      keys: ({ aggregateId }) => [aggregateId],
      evolve: (_, { data }) => ({ defaultPipelineId: data.pipelineId }),
    },
    WorkspaceDefaultPipelineCleared: {
      keys: ({ aggregateId }) => [aggregateId],
      evolve: () => ({ defaultPipelineId: null }),
    },
  },
});
