/** Boards and summaries: what is counted and added up, against a fold of the log. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { multiplyMoney, sumMoney } from '../../../src/domain/kernel/money.ts';
import type { Line } from '../../../src/domain/sales/lines.ts';
import { AT, holdsAtAnyMoment, MOMENT } from './moments.ts';
import { type Condition, createOracle, matches, type Oracle, type Shown, type When } from './oracle.ts';
import { type Story, tell } from './story.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let story: Story;
let oracle: Oracle;
beforeAll(async () => {
  world = await openWorld();
  story = await tell(world);
  oracle = createOracle(world.models, await world.log());
});
afterAll(() => world.close());

type Money = { readonly amount: string; readonly currency: string };

const totalsOf = (amounts: readonly (Money | null)[]): readonly Money[] => {
  const byCurrency = Map.groupBy(
    amounts.flatMap(amount => amount ?? []),
    ({ currency }) => currency,
  );
  return [...byCurrency.keys()].sort().map(key => sumMoney(byCurrency.get(key) as [Money, ...Money[]]));
};
const amountOf = (row: Shown) => row.amount as Money | null;

describe('pipelineBoard', () => {
  const boardOf = (pipelineId: string, when: When, filter: Condition = {}) => {
    const deals = oracle
      .rows('opportunities', when)
      .filter(row => row.pipelineId === pipelineId && matches(oracle.model('opportunities'), row, filter));
    const columns = oracle
      .rows('stages', when)
      .filter(stage => stage.pipelineId === pipelineId)
      .sort(
        (a, b) =>
          Number(a.retired) - Number(b.retired) ||
          Number(a.place) - Number(b.place) ||
          (a.id < b.id ? -1 : 1),
      )
      .map(({ id, name, category, retired }) => {
        const held = deals.filter(({ stageId }) => stageId === id);
        return {
          stage: { id, name, category, retired },
          count: held.length,
          totals: totalsOf(held.map(amountOf)),
        };
      })
      .filter(({ stage, count }) => !stage.retired || count > 0);
    const pipeline = oracle.rows('pipelines', when).find(({ id }) => id === pipelineId);
    return { pipeline: pipeline ? { id: pipelineId, name: pipeline.name } : null, columns };
  };
  const BOARD = `{ pipeline { id name } columns { stage { id name category retired } count totals { amount currency } } }`;

  test('of the default pipeline and of another one, at any moment', async () => {
    const query = `query At($id: ID, ${MOMENT}) {
      standard: pipelineBoard(${AT}) ${BOARD} named: pipelineBoard(pipelineId: $id, ${AT}) ${BOARD} }`;
    await holdsAtAnyMoment(oracle, async ({ args, when }) => {
      expect(await world.data(query, { id: story.partners, ...args })).toEqual({
        standard: boardOf(story.sales, when),
        named: boardOf(story.partners, when),
      });
    });
  });

  test('several currencies are never added up; a retired stage shows while it holds something', async () => {
    const { pipelineBoard } = await world.data(`{ pipelineBoard ${BOARD} }`);
    const totals = pipelineBoard.columns.flatMap((column: { totals: readonly Money[] }) => column.totals);
    expect(new Set(totals.map(({ currency }: Money) => currency))).toEqual(new Set(['EUR', 'USD', 'JPY']));
    expect(pipelineBoard.columns.at(-1)).toMatchObject({
      stage: { name: 'On hold', retired: true },
      count: 2,
    });
    const mine = { filter: { ownerId: { eq: story.cem } } };
    const few = await world.data(
      `query F($filter: OpportunityFilter) { pipelineBoard(filter: $filter) ${BOARD} }`,
      mine,
    );
    expect(few.pipelineBoard).toEqual(boardOf(story.sales, {}, mine.filter));
    expect(
      few.pipelineBoard.columns.map((column: { stage: { name: string } }) => column.stage.name),
    ).not.toContain('On hold');
  });

  test('of a pipeline that is not there it is empty', async () => {
    const nothing = { pipelineBoard: { pipeline: null, columns: [] } };
    expect(await world.data(`{ pipelineBoard(pipelineId: "${story.ann}") ${BOARD} }`)).toEqual(nothing);
    expect(await world.data(`{ pipelineBoard(knownAt: "2016-12-31") ${BOARD} }`)).toEqual(nothing);
  });
});

describe('opportunitySummary', () => {
  type Share = { readonly key: string | null; readonly amount: Money | null };
  type Group = { readonly key: string | null; readonly count: number; readonly totals: readonly Money[] };

  const quarterOf = ({ closedOn, closeDate }: Shown) => {
    const day = (closedOn ?? closeDate) as string | null;
    return day && `${day.slice(0, 4)}-Q${Math.ceil(Number(day.slice(5, 7)) / 3)}`;
  };
  const KEYS = {
    OWNER: row => row.ownerId,
    ACCOUNT: row => row.accountId,
    STAGE: row => row.stageId,
    CLOSE_QUARTER: quarterOf,
  } as Record<string, (row: Shown) => string | null>;

  const groupsOf = (groupBy: string, deals: readonly Shown[]): readonly Group[] =>
    [...Map.groupBy(deals, row => KEYS[groupBy]?.(row) ?? null)].map(([key, rows]) => ({
      key,
      count: rows.length,
      totals: totalsOf(rows.map(amountOf)),
    }));
  const asked = async (groupBy: string, args: object) => {
    const query = `query At($filter: OpportunityFilter, ${MOMENT}) {
      opportunitySummary(groupBy: ${groupBy}, filter: $filter, ${AT}) { key label count totals { amount currency } } }`;
    return (await world.data(query, args)).opportunitySummary as readonly (Group & {
      label: string | null;
    })[];
  };
  const byKey = (groups: readonly Group[]) =>
    groups
      .map(({ key, count, totals }) => ({ key, count, totals }))
      .sort((a, b) => (`${a.key}` < `${b.key}` ? -1 : 1));

  test.each(Object.keys(KEYS))('by %s, at any moment, of all and of some', async groupBy => {
    await holdsAtAnyMoment(
      oracle,
      async ({ args, when }) => {
        const all = oracle.rows('opportunities', when);
        expect(byKey(await asked(groupBy, args))).toEqual(byKey(groupsOf(groupBy, all)));
        const open = all.filter(({ status }) => status === 'open');
        const filter = { status: { eq: 'open' } };
        expect(byKey(await asked(groupBy, { ...args, filter }))).toEqual(byKey(groupsOf(groupBy, open)));
      },
      20,
    );
  });

  /** By what the priced lines come to, or equally where none has a price; and what is left over is never lost. */
  const weightsOf = (lines: readonly Line[]): readonly bigint[] => {
    const totals = lines.map(({ unitPrice, quantity }) =>
      unitPrice ? BigInt(multiplyMoney(unitPrice, quantity).amount.replace('.', '')) : 0n,
    );
    return totals.some(total => total > 0n) ? totals : lines.map(() => 1n);
  };

  test('by PRODUCT: shared out over the lines, and adding up to the last cent', async () => {
    const shares = new Map<string | null, { deals: Set<string>; parts: Share[] }>();
    for (const row of oracle.rows('opportunities')) {
      const lines = row.lines as readonly Line[];
      const amount = amountOf(row);
      const weights = weightsOf(lines);
      const whole = weights.reduce((sum, weight) => sum + weight, 0n);
      const scale = amount?.amount.split('.')[1]?.length ?? 0;
      const minor = BigInt(amount?.amount.replace('.', '') ?? 0);
      const upTo = (weight: bigint) => (2n * minor * weight + whole) / (2n * whole);
      const add = (key: string | null, part: Money | null) => {
        const group = shares.get(key) ?? { deals: new Set(), parts: [] };
        shares.set(key, group);
        group.deals.add(row.id);
        group.parts.push({ key, amount: part });
      };
      if (lines.length === 0) add(null, amount);
      let before = 0n;
      for (const [i, { productId }] of lines.entries()) {
        const until = before + (weights[i] ?? 0n);
        const digits = `${upTo(until) - upTo(before)}`.padStart(scale + 1, '0');
        before = until;
        const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
        add(productId, amount && { amount: text, currency: amount.currency });
      }
    }
    const expected = [...shares].map(([key, { deals, parts }]) => ({
      key,
      count: deals.size,
      totals: totalsOf(parts.map(({ amount }) => amount)),
    }));
    const groups = await asked('PRODUCT', {});
    expect(byKey(groups)).toEqual(byKey(expected));
    const sums = totalsOf(groups.flatMap(({ totals }) => totals));
    expect(sums).toEqual(totalsOf(oracle.rows('opportunities').map(amountOf)));
  });

  test('by PRODUCT the sums are those of all, at any moment', async () => {
    await holdsAtAnyMoment(oracle, async ({ args, when }) => {
      const groups = await asked('PRODUCT', args);
      expect(totalsOf(groups.flatMap(({ totals }) => totals))).toEqual(
        totalsOf(oracle.rows('opportunities', when).map(amountOf)),
      );
    });
  });

  test('groups carry their names, the greatest first, quarters in their order', async () => {
    const owners = await asked('OWNER', { filter: { amount: { gte: { amount: '0', currency: 'EUR' } } } });
    const names = new Map(oracle.rows('users').map(({ id, name }) => [id, name]));
    for (const { key, label } of owners) expect(label).toBe(key === null ? null : names.get(key));
    const sums = owners.map(({ totals }) => Number(totals[0]?.amount));
    expect(sums).toEqual([...sums].sort((a, b) => b - a));
    const quarters = (await asked('CLOSE_QUARTER', {})).map(({ key }) => key);
    expect(quarters).toEqual(
      [...quarters.filter(key => key !== null)].sort().concat(quarters.includes(null) ? [null as never] : []),
    );
    expect(quarters).toContain('2017-Q2');
    expect((await asked('CLOSE_QUARTER', {}))[0]).toMatchObject({ label: quarters[0] });
    const then = await asked('ACCOUNT', { asOf: '2017-03-15' });
    expect(then.map(({ label }) => label)).toContain('Zeta');
  });

  test('of nothing it is empty', async () => {
    for (const groupBy of ['OWNER', 'PRODUCT', 'CLOSE_QUARTER'])
      expect(await asked(groupBy, { knownAt: '2016-12-31' })).toEqual([]);
  });
});
