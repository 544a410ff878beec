/** A board at two moments: what each column held and holds, what came into it, what left it, and what changed in it. */
import { sql } from 'kysely';
import type { Money } from '../../domain/kernel/values.ts';
import { type Board, type BoardRequest, fetchBoard } from './board.ts';
import type { Models } from './models.ts';
import { totalsOf } from './moneyTotals.ts';
import type { Worth } from './movement.ts';
import { type Comparing, withPairs } from './pairs.ts';
import type { Row } from './plan.ts';
import type { ReadSession } from './session.ts';

export type ColumnDiff = {
  readonly stage: Row;
  readonly before: Worth;
  readonly after: Worth;
  /** From other columns or from outside, at what they are worth afterwards. */
  readonly entered: Worth;
  /** To other columns or to outside, at what they were worth before. */
  readonly left: Worth;
  /** By how much those that stayed have changed. */
  readonly revalued: readonly Money[];
};

/** Of what is not on the board at a moment, the stage is null. */
export type Move = Worth & { readonly from: Row | null; readonly to: Row | null };

export type BoardDiff = {
  readonly pipeline: Row | null;
  readonly columns: readonly ColumnDiff[];
  readonly moves: readonly Move[];
  /** How many are not on the same column at the same amount. */
  readonly differences: number;
};

export async function fetchBoardDiff(
  session: ReadSession,
  models: Models,
  comparing: Comparing,
  board: Omit<BoardRequest, 'moment'>,
): Promise<BoardDiff> {
  const [before, after, rows] = await Promise.all([
    fetchBoard(session, models, { ...board, moment: comparing.from }),
    fetchBoard(session, models, { ...board, moment: comparing.to }),
    fetchSums(session, models, comparing),
  ]);
  const stages = new Map(
    [...after.columns, ...before.columns].reverse().map(({ stage }) => [stage.id, stage]),
  );
  const order = [...new Set([...after.columns, ...before.columns].map(({ stage }) => stage.id))];
  const worth = (kind: Kind, stage: string): Worth =>
    worthOf(rows.filter(row => row.kind === kind && (kind === 'left' ? row.from : row.to) === stage));
  const columns = order.map((id): ColumnDiff => {
    return {
      stage: stages.get(id) as Row, // `order` has their ids
      before: worthIn(before, id),
      after: worthIn(after, id),
      entered: worth('entered', id),
      left: worth('left', id),
      revalued: worth('revalued', id).totals,
    };
  });
  const moves = [
    ...Map.groupBy(
      rows.filter(({ kind }) => kind === 'move'),
      ({ from, to }) => `${from} ${to}`,
    ),
  ].map(([, group]): Move => {
    const [first] = group;
    const stage = (id: string | null | undefined) => (id ? (stages.get(id) ?? null) : null);
    return { ...worthOf(group), from: stage(first?.from), to: stage(first?.to) };
  });
  const differences = rows.find(({ kind }) => kind === 'all')?.count ?? 0;
  return { pipeline: after.pipeline ?? before.pipeline, columns, moves, differences };
}

type Kind = 'entered' | 'left' | 'revalued' | 'move' | 'all';
type Sums = {
  readonly kind: Kind;
  readonly from: string | null;
  readonly to: string | null;
  readonly currency: string | null;
  readonly count: number;
  readonly amount: string | null;
};

async function fetchSums(
  session: ReadSession,
  models: Models,
  comparing: Comparing,
): Promise<readonly Sums[]> {
  const rows = await session.read(sql`
    ${withPairs(session, models, comparing)},
    moves as (
      select p.*, case when a_state not in ('outside', 'absent') then a_stage end as origin,
        case when b_state not in ('outside', 'absent') then b_stage end as target from pairs p
    )
    select 'entered', null::uuid, target, b_currency, count(*)::int, sum(b_amount) from moves
      where target is not null and origin is distinct from target group by 3, 4
    union all select 'left', origin, null, a_currency, count(*)::int, sum(a_amount) from moves
      where origin is not null and origin is distinct from target group by 2, 4
    union all select 'revalued', origin, target, s.currency, 0, sum(s.amount) from moves
      cross join lateral (values (-a_amount, a_currency), (b_amount, b_currency)) s (amount, currency)
      where origin = target and s.currency is not null group by 2, 3, 4 having sum(s.amount) <> 0
    union all select 'move', origin, target, last_currency, count(*)::int, sum(last_amount) from moves
      where origin is distinct from target group by 2, 3, 4
    union all select 'all', null, null, null, count(*)::int, null from pairs where ${DIFFERS}`);
  return (
    rows as readonly (readonly [Kind, string | null, string | null, string | null, number, string | null])[]
  ).map(([kind, from, to, currency, count, amount]) => ({ kind, from, to, currency, count, amount }));
}

/** The ids of all that is not on the same column at the same amount, as a statement. */
export const idsOfDifferences = (session: ReadSession, models: Models, comparing: Comparing) =>
  sql`${withPairs(session, models, comparing)} select id from pairs where ${DIFFERS}`;

const DIFFERS = sql.raw(`(a_state in ('outside', 'absent') or b_state in ('outside', 'absent')
  or a_stage <> b_stage or a_amount is distinct from b_amount or a_currency is distinct from b_currency)`);

const worthOf = (sums: readonly Sums[]): Worth => ({
  count: sums.reduce((count, row) => count + row.count, 0),
  totals: totalsOf(sums),
});

function worthIn(board: Board, stageId: string): Worth {
  const column = board.columns.find(({ stage }) => stage.id === stageId);
  return { count: column?.count ?? 0, totals: column?.totals ?? [] };
}
