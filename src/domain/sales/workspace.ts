/** Workspace: the choices that its records share, one stream a workspace. Event shapes are a storage format. */
import { defineAggregate } from '../kernel/aggregate.ts';
import { command } from '../kernel/command.ts';
import { defineEvents, described } from '../kernel/events.ts';
import { type Id, Ref } from '../kernel/values.ts';

const events = defineEvents('workspace', {
  WorkspaceDefaultPipelineChosen: described(
    'The pipeline was chosen that boards show and new opportunities take when none is named.',
    { pipelineId: Ref('pipeline') },
  ),
});

export type Workspace = { readonly defaultPipelineId?: Id };

export const workspace = defineAggregate<Workspace, typeof events>({
  category: 'workspace',
  singleton: true,
  events,
  initial: {},
  evolve: { WorkspaceDefaultPipelineChosen: (s, e) => ({ ...s, defaultPipelineId: e.pipelineId }) },
  commands: {
    chooseDefaultPipeline: command<Workspace>()({
      description: 'The pipeline that boards show and new opportunities take when none is named.',
      input: { pipelineId: Ref('pipeline') },
      decide: ({ pipelineId }, s) =>
        s.defaultPipelineId === pipelineId ? [] : [events.WorkspaceDefaultPipelineChosen({ pipelineId })],
    }),
  },
});
