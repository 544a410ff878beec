/** A pipeline as a board: each stage with how many opportunities it holds and what they are worth. */
import { type RawBuilder, sql } from 'kysely';
import type { Money } from '../../domain/kernel/values.ts';
import { conditionsOf, fetchRows } from './fetch.ts';
import { type Filter, filterOf } from './filter.ts';
import type { Models } from './models.ts';
import { type Moment, relationAt } from './moment.ts';
import { type Sum, totalsOf } from './moneyTotals.ts';
import { viewOf } from './names.ts';
import type { Row } from './plan.ts';
import { columnsOnly, type Selection, withColumns } from './selection.ts';
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
  // A subquery rather than a look first, so that all statements go out at once.
  const pipelineId = request.pipelineId ? sql`${request.pipelineId}::uuid` : defaultPipeline(session, models);
  const [pipelines, stages, groups] = await Promise.all([
    fetchRows(session, { selection: request.pipeline, moment, where: [sql`t0.id = ${pipelineId}`] }),
    fetchRows(session, {
      selection: boardStages(request.stages),
      moment,
      where: [sql`t0.pipeline_id = ${pipelineId}`],
      orderBy: sql`t0.retired, t0.place, t0.id`,
    }),
    countByStage(session, models, request, pipelineId),
  ]);
  const columns = stages.flatMap((stage): BoardColumn[] => {
    const mine = groups.filter(group => group.stageId === stage.id);
    // A stage that takes no more opportunities is shown for those that it still holds.
    if (stage.retired && mine.length === 0) return [];
    return [{ stage, count: mine.reduce((sum, group) => sum + group.count, 0), totals: totalsOf(mine) }];
  });
  return { pipeline: pipelines[0] ?? null, columns };
}

type Group = Sum & { readonly stageId: string; readonly count: number };

async function countByStage(
  session: ReadSession,
  models: Models,
  { filter, moment }: BoardRequest,
  pipelineId: RawBuilder<unknown>,
): Promise<readonly Group[]> {
  const model = models.named('opportunities');
  const filtered = filter && filterOf(model, filter);
  const where = [sql`t0.pipeline_id = ${pipelineId}`, ...(filtered ? [filtered] : [])];
  const rows = await session.read(sql`
    select t0.stage_id, t0.amount_currency, count(*)::int, sum(t0.amount)
    from ${sql.raw(relationAt(model, moment))} t0
    where ${conditionsOf(session.workspaceId, columnsOnly(model), moment, where)}
    group by 1, 2`);
  return (rows as readonly (readonly [string, string | null, number, string | null])[]).map(
    ([stageId, currency, count, amount]) => ({ stageId, currency, count, amount }),
  );
}

const defaultPipeline = (session: ReadSession, models: Models): RawBuilder<unknown> =>
  sql`(select default_pipeline_id from ${sql.raw(viewOf(models.named('workspaceSettings')))} where workspace_id = ${session.workspaceId})`;

const extended = new WeakMap<Selection, Selection>();

/** With what the board itself needs; the same object again for the same selection, so that its plan is made once. */
function boardStages(selection: Selection): Selection {
  const known = extended.get(selection) ?? withColumns(selection, ['retired', 'place']);
  extended.set(selection, known);
  return known;
}
