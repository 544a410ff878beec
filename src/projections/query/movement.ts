/**
 * What became of a pipeline between two moments: its open opportunities then, and now, and the steps that lead from the
 * one to the other. An opportunity's steps are those between its two states, not all that happened on the way: it comes
 * in, its amount and its stage change, it goes out. Each adds what it adds at the amounts of the two moments, so that
 * the steps add up exactly, in number and in money.
 */
import { sql } from 'kysely';
import type { Money } from '../../domain/kernel/values.ts';
import { boardConditions } from './board.ts';
import { fetchGroups } from './groups.ts';
import type { Models } from './models.ts';
import type { Moment } from './moment.ts';
import { totalsOf } from './moneyTotals.ts';
import { type Comparing, stageOrder, withPairs } from './pairs.ts';
import type { ReadSession } from './session.ts';

/** In the order in which they are told, with what each does to the number of open opportunities. */
export const STEPS = {
  NEW: 1,
  REOPENED: 1,
  MOVED_IN: 1,
  GREW: 0,
  SHRANK: 0,
  CURRENCY_CHANGED: 0,
  MOVED_FORWARD: 0,
  MOVED_BACK: 0,
  WON: -1,
  LOST: -1,
  MOVED_OUT: -1,
} as const;
export type Category = keyof typeof STEPS;

export type Worth = { readonly count: number; readonly totals: readonly Money[] };

export type Step = Worth & {
  readonly category: Category;
  /** What it adds to the number of open opportunities and to what they are worth; may be negative. */
  readonly countChange: number;
  readonly change: readonly Money[];
};

export type Movement = { readonly opening: Worth; readonly closing: Worth; readonly steps: readonly Step[] };

export async function fetchMovement(
  session: ReadSession,
  models: Models,
  comparing: Comparing,
): Promise<Movement> {
  const [opening, closing, rows] = await Promise.all([
    openAt(session, models, comparing, comparing.from),
    openAt(session, models, comparing, comparing.to),
    session.read(sql`
      ${withSteps(session, models, comparing)}
      select false, category, last_currency, count(*)::int, sum(last_amount)
      from (select distinct category, id, last_currency, last_amount from steps) members group by 2, 3
      union all
      select true, category, currency, 0, sum(amount) from steps where currency is not null
      group by 2, 3 having sum(amount) <> 0`),
  ]);
  const found = (rows as readonly (readonly [boolean, string, string | null, number, string | null])[]).map(
    ([isChange, category, currency, count, amount]) => ({ isChange, category, currency, count, amount }),
  );
  const steps = Object.entries(STEPS).map(([name, sign]): Step => {
    const mine = found.filter(({ category }) => category === name);
    const count = mine.reduce((sum, row) => sum + row.count, 0);
    return {
      category: name as Category, // its keys
      count,
      totals: totalsOf(mine.filter(({ isChange }) => !isChange)),
      countChange: sign * count,
      change: totalsOf(mine.filter(({ isChange }) => isChange)),
    };
  });
  return { opening, closing, steps };
}

/** The ids of a step's opportunities, as a statement. */
export const idsOfStep = (session: ReadSession, models: Models, comparing: Comparing, category: Category) =>
  sql`${withSteps(session, models, comparing)} select distinct id from steps where category = ${category}`;

async function openAt(
  session: ReadSession,
  models: Models,
  { pipelineId, filter }: Comparing,
  moment: Moment,
): Promise<Worth> {
  const where = [sql`t0.status = 'open'`, ...boardConditions(models, pipelineId, filter)];
  const model = models.named('opportunities');
  const groups = await fetchGroups(session, { model, moment, key: sql`null::text`, where });
  return { count: groups.reduce((sum, { count }) => sum + count, 0), totals: totalsOf(groups) };
}

/**
 * Between two states an opportunity takes at most three steps and a move. It comes in at the amount that it has at the
 * end; its amount changes from that of the beginning to that of the end; it goes out at that of the end. One that is
 * closed at both, in the same way, takes none.
 */
const withSteps = (session: ReadSession, models: Models, comparing: Comparing) => sql`
  ${withPairs(session, models, comparing)},
  stages as (${stageOrder(session, models, comparing)}),
  incoming as materialized (
    select p.*, case
      when a_state = 'open' or b_state not in ('open', 'won', 'lost') then null
      when b_state <> 'open' and a_status = b_status then null
      when a_state = 'absent' then 'NEW' when a_state = 'outside' then 'MOVED_IN' else 'REOPENED'
    end as came from pairs p
  ),
  told as materialized (
    select i.*,
      case when b_state = 'open' or (came is null and a_state <> 'open') then null
        when b_state = 'won' then 'WON' when b_state = 'lost' then 'LOST' else 'MOVED_OUT'
      end as went,
      case when a_state <> 'open' or b_state = 'absent' then null
        when a_currency <> b_currency then 'CURRENCY_CHANGED'
        when coalesce(b_amount, 0) > coalesce(a_amount, 0) then 'GREW'
        when coalesce(b_amount, 0) < coalesce(a_amount, 0) then 'SHRANK'
      end as changed,
      case when a_state <> 'open' or b_state <> 'open' or a_stage = b_stage then null
        when y.place > x.place then 'MOVED_FORWARD' else 'MOVED_BACK'
      end as moved
    from incoming i left join stages x on x.id = a_stage left join stages y on y.id = b_stage
  ),
  steps as (
    select t.id, t.last_amount, t.last_currency, s.category, s.amount, s.currency from told t
    cross join lateral (values
      (came, b_amount, b_currency), (changed, -a_amount, a_currency), (changed, b_amount, b_currency),
      (moved, null, null), (went, -last_amount, last_currency)
    ) s (category, amount, currency) where s.category is not null
  )`;
