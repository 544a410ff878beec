/** Rows counted and added up by a key, for each currency by itself. */
import { type RawBuilder, sql } from 'kysely';
import type { ReadModel } from '../readModel.ts';
import { conditionsOf } from './fetch.ts';
import { type Moment, partsAt } from './moment.ts';
import type { Sum } from './moneyTotals.ts';
import type { ReadSession, Values } from './session.ts';

export type Group = Sum & { readonly key: string | null; readonly count: number };

export type Grouping = {
  readonly model: ReadModel;
  readonly moment: Moment;
  /** On `t0`; of a type that comes as text. */
  readonly key: RawBuilder<unknown>;
  readonly where: readonly RawBuilder<unknown>[];
};

/** Each part of the moment's rows is grouped by itself: there Postgres knows how few groups it makes, and shares the work out. */
export async function fetchGroups(session: ReadSession, grouping: Grouping): Promise<readonly Group[]> {
  const { model, moment, key, where } = grouping;
  const parts = partsAt(model, moment).map(
    ({ view, truth }) => sql`
      select ${key} as key, t0.amount_currency as currency, count(*) as n, sum(t0.amount) as amount
      from ${sql.raw(view)} t0 where ${conditionsOf(session, { model, moment }, [...truth, ...where])} group by 1, 2`,
  );
  const merged = sql`
    select key, currency, sum(n)::int, sum(amount) from (${sql.join(parts, sql` union all `)}) parts group by 1, 2`;
  return (await session.read(merged)).map(toGroup);
}

/** Of a statement that selects key, currency, count and sum. */
export function toGroup(values: Values): Group {
  const [key, currency, count, amount] = values as readonly [
    string | null,
    string | null,
    number,
    string | null,
  ];
  return { key, currency, count, amount };
}
