import { expect, test } from 'vitest';
import { workspace } from '../../../../src/domain/sales/workspace.ts';
import { given } from '../../../support/decider.ts';
import { id } from '../../../support/ids.ts';

const chosen = (pipelineId: string) => workspace.events.WorkspaceDefaultPipelineChosen({ pipelineId });

test('chooseDefaultPipeline needs no workspace to exist first', () =>
  given(workspace)
    .when('chooseDefaultPipeline', { pipelineId: id(1) })
    .thenEvents(chosen(id(1))));
test('chooseDefaultPipeline chooses another', () =>
  given(workspace, chosen(id(1)))
    .when('chooseDefaultPipeline', { pipelineId: id(2) })
    .thenEvents(chosen(id(2))));
test('chooseDefaultPipeline says nothing when it is chosen already', () =>
  given(workspace, chosen(id(1)))
    .when('chooseDefaultPipeline', { pipelineId: id(1) })
    .thenNothing());
test('a workspace after WorkspaceDefaultPipelineChosen has it', () =>
  expect(given(workspace, chosen(id(1)), chosen(id(2))).state).toEqual({ defaultPipelineId: id(2) }));
test('clearDefaultPipeline chooses none', () =>
  given(workspace, chosen(id(1)))
    .when('clearDefaultPipeline')
    .thenEvents(workspace.events.WorkspaceDefaultPipelineCleared({})));
test('clearDefaultPipeline says nothing when none is chosen', () =>
  given(workspace).when('clearDefaultPipeline').thenNothing());
test('a workspace after WorkspaceDefaultPipelineCleared has none', () =>
  expect(given(workspace, chosen(id(1)), workspace.events.WorkspaceDefaultPipelineCleared({})).state).toEqual(
    {},
  ));
