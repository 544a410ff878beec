/** Workspace: the choices that its records share, one stream a workspace. Event shapes are a storage format. */
import { defineAggregate } from '../kernel/aggregate.ts';
import { command } from '../kernel/command.ts';
import { defineEvents, described } from '../kernel/events.ts';
import { call, part } from '../kernel/undo.ts';
import { type Id, Ref } from '../kernel/values.ts';

const events = defineEvents('workspace', {
  WorkspaceDefaultPipelineChosen: described(
    'The pipeline was chosen that boards show and new opportunities take when none is named.',
    { pipelineId: Ref('pipeline') },
  ),
  WorkspaceDefaultPipelineCleared: described('No pipeline is the one to take when none is named.', {}),
});

export type Workspace = { readonly defaultPipelineId?: Id };

const define = command<Workspace>();

export const workspace = defineAggregate<Workspace, typeof events>({
  category: 'workspace',
  singleton: true,
  events,
  initial: {},
  evolve: {
    WorkspaceDefaultPipelineChosen: (s, e) => ({ ...s, defaultPipelineId: e.pipelineId }),
    WorkspaceDefaultPipelineCleared: ({ defaultPipelineId: _, ...s }) => s,
  },
  undo: {
    WorkspaceDefaultPipelineChosen: (_, s) => defaultBack(s),
    WorkspaceDefaultPipelineCleared: (_, s) => defaultBack(s),
  },
  commands: {
    chooseDefaultPipeline: define({
      description: 'The pipeline that boards show and new opportunities take when none is named.',
      input: { pipelineId: Ref('pipeline') },
      decide: ({ pipelineId }, s) =>
        s.defaultPipelineId === pipelineId ? [] : [events.WorkspaceDefaultPipelineChosen({ pipelineId })],
    }),
    clearDefaultPipeline: define({
      description: 'From now on boards and new opportunities have to name their pipeline.',
      input: {},
      decide: (_, s) => (s.defaultPipelineId ? [events.WorkspaceDefaultPipelineCleared({})] : []),
    }),
  },
});

/** To the choice of this state. */
const defaultBack = ({ defaultPipelineId: pipelineId }: Workspace) =>
  part(
    'defaultPipelineId',
    pipelineId ? call('chooseDefaultPipeline', { pipelineId }) : call('clearDefaultPipeline'),
  );
