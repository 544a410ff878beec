/** A pipeline as a board: each stage with how many opportunities it holds and what they are worth. */
import { type RawBuilder, sql } from 'kysely';
import type { Money } from '../../domain/kernel/values.ts';
import { fetchRows } from './fetch.ts';
import { type Filter, filterOf } from './filter.ts';
import { fetchGroups } from './groups.ts';
import type { Models } from './models.ts';
import type { Moment } from './moment.ts';
import { totalsOf } from './moneyTotals.ts';
import { viewOf } from './names.ts';
import type { Row } from './plan.ts';
import { type Selection, withColumns } from './selection.ts';
import type { ReadSession } from './session.ts';

export type BoardRequest = {
  /** The workspace's default pipeline, as of now, when absent. */
  readonly pipelineId: string | undefined;
  readonly filter: Filter | undefined;
  readonly moment: Moment;
  /** What of the pipeline and of its stages is wanted. */
  readonly pipeline: Selection;
  readonly stages: Selection;
};

export type Board = {
  /** Nothing where it wasn't there, or not known, at that moment. */
  readonly pipeline: Row | null;
  readonly columns: readonly BoardColumn[];
};

export type BoardColumn = { readonly stage: Row; readonly count: number; readonly totals: readonly Money[] };

export async function fetchBoard(
  session: ReadSession,
  models: Models,
  request: BoardRequest,
): Promise<Board> {
  const { moment } = request;
  const pipelineId = pipelineOf(session, models, request.pipelineId);
  const [pipelines, stages, groups] = await Promise.all([
    fetchRows(session, { selection: request.pipeline, moment, where: [sql`t0.id = ${pipelineId}`] }),
    fetchRows(session, {
      selection: boardStages(request.stages),
      moment,
      where: [sql`t0.pipeline_id = ${pipelineId}`],
      orderBy: sql`t0.retired, t0.place, t0.id`,
    }),
    fetchGroups(session, {
      model: models.named('opportunities'),
      moment,
      key: sql`t0.stage_id`,
      where: boardConditions(models, pipelineId, request.filter),
    }),
  ]);
  const columns = stages.flatMap((stage): BoardColumn[] => {
    const mine = groups.filter(group => group.key === stage.id);
    // A stage that takes no more opportunities is shown for those that it still holds.
    if (stage.retired && mine.length === 0) return [];
    return [{ stage, count: mine.reduce((sum, group) => sum + group.count, 0), totals: totalsOf(mine) }];
  });
  return { pipeline: pipelines[0] ?? null, columns };
}

/** On `t0`: the opportunities that a board is about. */
export function boardConditions(
  models: Models,
  pipelineId: RawBuilder<unknown>,
  filter: Filter | undefined,
): readonly RawBuilder<unknown>[] {
  const filtered = filter && filterOf(models.named('opportunities'), filter);
  return [sql`t0.pipeline_id = ${pipelineId}`, ...(filtered ? [filtered] : [])];
}

/** By its id, or the workspace's default one as a subquery rather than a look first, so that all statements go out at once. */
export const pipelineOf = (
  session: ReadSession,
  models: Models,
  id: string | undefined,
): RawBuilder<unknown> => (id === undefined ? defaultPipeline(session, models) : sql`${id}::uuid`);

const defaultPipeline = (session: ReadSession, models: Models): RawBuilder<unknown> =>
  sql`(select default_pipeline_id from ${sql.raw(viewOf(models.named('workspaceSettings')))} where workspace_id = ${session.workspaceId})`;

const extended = new WeakMap<Selection, Selection>();

/** With what the board itself needs; the same object again for the same selection, so that its plan is made once. */
function boardStages(selection: Selection): Selection {
  const known = extended.get(selection) ?? withColumns(selection, ['retired', 'place']);
  extended.set(selection, known);
  return known;
}
