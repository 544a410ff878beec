/**
 * The opportunities that are not the same at two moments, each once: as it was (`a_…`) and as it has become (`b_…`).
 * Those of which one version answers at both are left out, so most of a long history is never paired.
 */
import { type RawBuilder, sql } from 'kysely';
import { boardConditions } from './board.ts';
import { fetchByIds } from './fetch.ts';
import type { Filter } from './filter.ts';
import type { Models } from './models.ts';
import { type Moment, rowsAt, truthAt } from './moment.ts';
import { historyOf } from './names.ts';
import { beyond, type Order } from './order.ts';
import { type Page, type PageRequest, pageOf, spanOf } from './page.ts';
import { momentOf, type Row } from './plan.ts';
import type { Selection } from './selection.ts';
import type { ReadSession } from './session.ts';

export type Comparing = {
  readonly pipelineId: RawBuilder<unknown>;
  readonly filter: Filter | undefined;
  readonly from: Moment;
  readonly to: Moment;
};

/**
 * `with …, pairs as (…)`. Of each side: `state` is the status, or `outside` where the pipeline or the filter leaves it
 * out, or `absent`; `status` is the status wherever it is. `last_…` is the amount that it has, or last had.
 */
export function withPairs(
  session: ReadSession,
  models: Models,
  { pipelineId, filter, from, to }: Comparing,
): RawBuilder<unknown> {
  const model = models.named('opportunities');
  const inside = sql.join(boardConditions(models, pipelineId, filter), sql` and `);
  const side = (at: Moment, other: Moment) => sql`
    select t0.id, t0.status, case when coalesce(${inside}, false) then t0.status else 'outside' end as state,
      t0.stage_id as stage, t0.amount, t0.amount_currency as currency
    from ${sql.raw(historyOf(model))} t0
    where t0.workspace_id = ${session.workspaceId} and ${truth(at)} and not (${truth(other)})`;
  const truth = (at: Moment) => truthAt(model, 't0', at) ?? IS_LAST;
  for (const moment of [from, to]) session.parked.touch({ model, moment });
  return sql`
    with a as materialized (${side(from, to)}), b as materialized (${side(to, from)}),
    pairs as (
      select coalesce(a.id, b.id) as id,
        a.status as a_status, coalesce(a.state, 'absent') as a_state, a.stage as a_stage,
        a.amount as a_amount, a.currency as a_currency,
        b.status as b_status, coalesce(b.state, 'absent') as b_state, b.stage as b_stage,
        b.amount as b_amount, b.currency as b_currency,
        case when b.id is null then a.amount else b.amount end as last_amount,
        case when b.id is null then a.currency else b.currency end as last_currency
      from a full join b on a.id = b.id
      where a.state <> 'outside' or b.state <> 'outside'
    )`;
}

/** The present's truth: no version comes after it. */
const IS_LAST = sql.raw(`t0.known_to = 9223372036854775807`);

/** Stages of the pipeline with their order, as it is at `to`; one that isn't known there stands as it stood at `from`. */
export function stageOrder(
  session: ReadSession,
  models: Models,
  { pipelineId, from, to }: Comparing,
): RawBuilder<unknown> {
  for (const moment of [from, to]) session.parked.touch({ model: models.named('stages'), moment });
  const stages = (at: Moment, rank: number) => sql`
    select t0.id, ${sql.lit(rank)} as rank, t0.place, t0.retired from ${rowsAt(models.named('stages'), at)} t0
    where t0.workspace_id = ${session.workspaceId} and t0.pipeline_id = ${pipelineId}`;
  // A stage that takes no more opportunities comes before the one that has taken its place.
  return sql`
    select id, row_number() over (order by place, retired desc, id) as place from (
      select distinct on (id) id, place, retired from (${stages(to, 1)} union all ${stages(from, 2)}) s order by id, rank
    ) s`;
}

/** An opportunity at the two moments; null where it wasn't there, or not known. */
export type Shift = Row & { readonly before: Row | null; readonly after: Row | null };

const BY_ID: Order = [{ column: 'id', kind: 'ref', nullable: false, direction: 'asc', nulls: 'last' }];

/** A page of the opportunities that a statement selects, as `id`. */
export async function fetchShifts(
  session: ReadSession,
  { from, to }: Comparing,
  ids: RawBuilder<unknown>,
  wanted: {
    readonly page: Pick<PageRequest, 'first' | 'after'>;
    readonly before: Selection;
    readonly after: Selection;
  },
): Promise<Page> {
  const span = spanOf(wanted.page, BY_ID);
  const cursor = span.from ? sql` where ${beyond(BY_ID, span.from)}` : sql.raw('');
  const rows = await session.read(
    sql`select t0.id from (${ids}) t0${cursor} order by t0.id limit ${span.size + 1}`,
  );
  const found = rows.map(([id]) => id as string); // a uuid column
  const [before, after] = await Promise.all([
    byId(fetchByIds(session, wanted.before, found, from)),
    byId(fetchByIds(session, wanted.after, found, to)),
  ]);
  const shifts = found.map((id): Shift => {
    return { id, [momentOf]: to, before: before.get(id) ?? null, after: after.get(id) ?? null };
  });
  return pageOf(shifts, span, BY_ID);
}

const byId = async (rows: Promise<readonly Row[]>): Promise<ReadonlyMap<string, Row>> =>
  new Map((await rows).map(row => [row.id, row]));
