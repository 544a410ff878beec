/** Opportunities counted and added up by one attribute, as of any moment. */
import { type RawBuilder, sql } from 'kysely';
import type { Money } from '../../domain/kernel/values.ts';
import { conditionsOf, fetchByIds } from './fetch.ts';
import { type Filter, filterOf } from './filter.ts';
import { fetchGroups, type Group, toGroup } from './groups.ts';
import type { Models } from './models.ts';
import { type Moment, rowsAt } from './moment.ts';
import { totalsOf } from './moneyTotals.ts';
import { columnsOnly } from './selection.ts';
import type { ReadSession } from './session.ts';

export const GROUPINGS = ['OWNER', 'CLOSE_QUARTER', 'PRODUCT', 'ACCOUNT', 'STAGE'] as const;
export type Grouping = (typeof GROUPINGS)[number];

export type SummaryRequest = {
  readonly groupBy: Grouping;
  readonly filter: Filter | undefined;
  readonly moment: Moment;
};

export type SummaryGroup = {
  /** An id, or a quarter such as `2017-Q1`; null for the opportunities that have none. */
  readonly key: string | null;
  /** The record's name at the same moment; null where it has none, or isn't known. */
  readonly label: string | null;
  readonly count: number;
  readonly totals: readonly Money[];
};

/** Which records a key names, and where their names are. */
const NAMED_BY: Partial<Record<Grouping, string>> = {
  OWNER: 'user',
  PRODUCT: 'product',
  ACCOUNT: 'account',
  STAGE: 'stage',
};

export async function fetchSummary(
  session: ReadSession,
  models: Models,
  request: SummaryRequest,
): Promise<readonly SummaryGroup[]> {
  const { groupBy, filter, moment } = request;
  const model = models.named('opportunities');
  const filtered = filter && filterOf(model, filter);
  const where = filtered ? [filtered] : [];
  const rows =
    groupBy === 'PRODUCT'
      ? await fetchProducts(
          session,
          sql`${rowsAt(model, moment)} t0 where ${conditionsOf(session, { model, moment }, where)}`,
        )
      : await fetchGroups(session, { model, moment, key: sql.raw(KEYS[groupBy]), where });
  const keys = [...new Set(rows.map(row => row.key))];
  const labels = await labelsOf(session, models, request, keys);
  const groups = keys.map((key): SummaryGroup => {
    const mine = rows.filter(row => row.key === key);
    const label = key === null ? null : (labels.get(key) ?? null);
    return { key, label, count: mine.reduce((sum, row) => sum + row.count, 0), totals: totalsOf(mine) };
  });
  return groupBy === 'CLOSE_QUARTER' ? groups.sort(byKey) : groups.sort(byTotal(mainCurrency(rows)));
}

const KEYS: Record<Exclude<Grouping, 'PRODUCT'>, string> = {
  OWNER: 't0.owner_id::text',
  ACCOUNT: 't0.account_id::text',
  STAGE: 't0.stage_id::text',
  CLOSE_QUARTER: `to_char(coalesce(t0.closed_on, t0.close_date), 'YYYY"-Q"Q')`,
};

/**
 * Each amount is shared out over its lines: by what the priced ones come to, or equally where none has a price. Shares
 * are differences of rounded running sums, so that they add up to the amount to the last cent.
 */
async function fetchProducts(session: ReadSession, from: RawBuilder<unknown>): Promise<readonly Group[]> {
  return (await session.read(byProduct(from))).map(toGroup);
}

const byProduct = (from: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  with picked as materialized (select t0.id, t0.amount, t0.amount_currency, t0.lines from ${from}),
  priced as (
    select p.id, p.amount, p.amount_currency, line.value ->> 'productId' as product, line.n,
      round((line.value #>> '{unitPrice,amount}')::numeric * (line.value ->> 'quantity')::numeric, scale(p.amount)) as total
    from picked p cross join lateral jsonb_array_elements(p.lines) with ordinality line(value, n)
  ),
  weighted as (
    select *, case when sum(total) over (partition by id) > 0 then coalesce(total, 0) else 1 end as weight from priced
  ),
  running as (
    select *, sum(weight) over (partition by id order by n) as upto, sum(weight) over (partition by id) as whole
    from weighted
  )
  select product, amount_currency, count(distinct id)::int,
    sum(round(amount * upto / whole, scale(amount)) - round(amount * (upto - weight) / whole, scale(amount)))
  from running group by 1, 2
  union all
  select null, amount_currency, count(*)::int, sum(amount) from picked where lines = '[]'::jsonb group by 1, 2`;

async function labelsOf(
  session: ReadSession,
  models: Models,
  { groupBy, moment }: SummaryRequest,
  keys: readonly (string | null)[],
): Promise<ReadonlyMap<string, string | null>> {
  const ids = keys.filter(key => key !== null);
  const target = NAMED_BY[groupBy];
  if (!target) return new Map(ids.map(key => [key, key]));
  const model = models.target(target);
  if (!model) return new Map();
  const records = await fetchByIds(session, columnsOnly(model, ['name']), ids, moment);
  return new Map(records.map(record => [record.id, record.name as string | null])); // a text column
}

const byKey = (a: SummaryGroup, b: SummaryGroup) =>
  a.key === null ? 1 : b.key === null ? -1 : a.key < b.key ? -1 : 1;

/** The currency of most records: amounts of different currencies have no order among them. */
function mainCurrency(rows: readonly Group[]): string | null {
  const counts = new Map<string, number>();
  for (const { currency, count } of rows)
    if (currency !== null) counts.set(currency, (counts.get(currency) ?? 0) + count);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

/** The greatest first; digits are compared, as an amount is no JavaScript number. */
const byTotal = (currency: string | null) => (a: SummaryGroup, b: SummaryGroup) => {
  const [x, y] = [a, b].map(group => minorUnits(group.totals.find(total => total.currency === currency)));
  if (x !== y) return (x ?? 0n) > (y ?? 0n) ? -1 : 1;
  return b.count - a.count || byKey(a, b);
};

/** Amounts of one currency have the same number of decimals, so their digits compare. */
const minorUnits = (money: Money | undefined): bigint =>
  money ? BigInt(money.amount.replace('.', '')) : -(2n ** 62n);
