/** Every operator of every kind of column, alone and put together, against the same filter in JavaScript. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pascal } from '../../../src/domain/kernel/record.ts';
import type { Column } from '../../../src/projections/columns.ts';
import { OPERATORS } from '../../../src/projections/query/filter.ts';
import { type Condition, createOracle, fieldsOf, matches, type Oracle, type Shown } from './oracle.ts';
import { tell } from './story.ts';
import { openWorld, type World } from './world.ts';

/** The lists with their types; between them they have every kind of column. */
const LISTS = {
  accounts: 'account',
  activities: 'activity',
  contacts: 'contact',
  opportunities: 'opportunity',
  products: 'product',
  teams: 'team',
} as const;
type List = keyof typeof LISTS;
const lists = Object.keys(LISTS) as List[];

let world: World;
let oracle: Oracle;
beforeAll(async () => {
  world = await openWorld();
  await tell(world);
  oracle = createOracle(world.models, await world.log());
});
afterAll(() => world.close());

const idsOf = async (list: List, filter: unknown): Promise<readonly string[]> => {
  const data = await world.data(
    `query Filtered($filter: ${pascal(LISTS[list])}Filter) {
      ${list}(first: 500, filter: $filter, orderBy: [{ field: id }]) { totalCount nodes { id } }
    }`,
    { filter },
  );
  const ids = data[list].nodes.map(({ id }: { id: string }) => id);
  expect(data[list].totalCount).toBe(ids.length);
  return ids;
};

const expected = (list: List, filter: Condition): readonly string[] =>
  oracle
    .rows(list)
    .filter(row => matches(oracle.model(list), row, filter))
    .map(({ id }) => id)
    .sort();

/** Values that rows have, and some that none has. */
function operands(column: Column, values: readonly unknown[]): fc.Arbitrary<unknown> {
  const present = values.flat().filter(value => value !== null);
  const strangers: Partial<Record<Column['kind'], readonly unknown[]>> = {
    text: ['', 'ACME', 'é', '%', '_', '\\', "'; --", 'ü', 'Ü'],
    texts: ['nobody'],
    ref: ['00000000-0000-7000-8000-000000000000'],
    refs: ['00000000-0000-7000-8000-000000000000'],
    int: [-1, 0, 7, 2_147_483_647],
    boolean: [true, false],
    date: ['2017-05-15', '0001-01-01'],
    instant: ['2017-03-01T09:30:00+01:00', '2017-04-20T12:00:00Z', '9999-12-31T23:59:59.999Z'],
    money: [
      { amount: '300', currency: 'USD' },
      { amount: '300.00', currency: 'EUR' },
      { amount: '-1', currency: 'JPY' },
    ],
    position: ['0', '9223372036854775807'],
  };
  const some = [...new Set([...present, ...(strangers[column.kind] ?? []), ...(column.values ?? [])])];
  const whole = fc.constantFrom(...some);
  return column.kind === 'text'
    ? fc.oneof(
        whole,
        // Parts of texts, for `contains`.
        fc
          .tuple(whole, fc.nat(20), fc.integer({ min: 1, max: 5 }), fc.boolean())
          .map(([text, from, size, up]) => {
            const part = String(text).slice(from, from + size);
            return up ? part.toUpperCase() : part;
          }),
      )
    : whole;
}

function condition(column: Column, values: readonly unknown[]): fc.Arbitrary<object> {
  const operand = operands(column, values);
  const parts = OPERATORS[column.kind].map(operator => {
    const value =
      operator === 'isNull'
        ? fc.boolean()
        : operator === 'in'
          ? fc.array(operand, { maxLength: 3 })
          : operand;
    return value.map(given => ({ [operator]: given }));
  });
  const one = fc.oneof(...parts);
  // Two operators of one field must both hold.
  return fc.oneof(
    { weight: 4, arbitrary: one },
    fc.tuple(one, one).map(([a, b]) => ({ ...a, ...b })),
  );
}

function filters(list: List): fc.Arbitrary<Condition> {
  const rows = oracle.rows(list);
  const leaves = Object.entries(fieldsOf(oracle.model(list)))
    .filter(([, column]) => OPERATORS[column.kind].length > 0)
    .map(([field, column]) =>
      condition(
        column,
        rows.map((row: Shown) => row[field]),
      ).map(given => ({ [field]: given })),
    );
  const leaf = fc.oneof(...leaves);
  return fc.letrec<{ filter: Condition }>(tie => ({
    filter: fc.oneof(
      { maxDepth: 2, depthSize: 'small' },
      leaf,
      fc.tuple(leaf, leaf).map(([a, b]) => ({ ...a, ...b })),
      fc.array(tie('filter'), { maxLength: 3 }).map(and => ({ and })),
      fc.array(tie('filter'), { maxLength: 3 }).map(or => ({ or })),
      tie('filter').map(not => ({ not })),
      fc.tuple(leaf, tie('filter')).map(([a, not]) => ({ ...a, not })),
      fc.constant({}),
    ),
  })).filter;
}

describe.each(lists)('%s', list => {
  test('each operator of each column alone, and what is not so', async () => {
    const rows = oracle.rows(list);
    for (const [field, column] of Object.entries(fieldsOf(oracle.model(list)))) {
      if (OPERATORS[column.kind].length === 0) continue;
      const given = fc.sample(
        condition(
          column,
          rows.map(row => row[field]),
        ),
        { numRuns: 12, seed: 7 },
      );
      for (const filter of given.flatMap(each => [{ [field]: each }, { not: { [field]: each } }]))
        expect(await idsOf(list, filter), JSON.stringify(filter)).toEqual(expected(list, filter));
    }
  });

  test('filters of filters', async () => {
    await fc.assert(
      fc.asyncProperty(filters(list), async filter => {
        expect(await idsOf(list, filter)).toEqual(expected(list, filter));
      }),
      { numRuns: 100 },
    );
  });
});

test('no filter, an empty one, and one of empty fields show all', async () => {
  const all = expected('opportunities', {});
  for (const filter of [null, undefined, {}, { and: [] }, { name: {} }, { or: [{}] }])
    expect(await idsOf('opportunities', filter), JSON.stringify(filter)).toEqual(all);
  for (const filter of [{ or: [] }, { not: {} }, { not: { or: [{}] } }])
    expect(await idsOf('opportunities', filter), JSON.stringify(filter)).toEqual([]);
});

describe('what is no filter is refused, with its path', () => {
  const deep = (levels: number): object => (levels === 0 ? { name: { eq: 'x' } } : { not: deep(levels - 1) });
  test.each([
    ['filter.name.eq', { name: { eq: null } }],
    ['filter.name.contains', { name: { contains: 'a\u0000' } }],
    ['filter.name.in.1', { name: { in: ['a', '\ud800'] } }],
    ['filter.name.eq', { name: { eq: 'x'.repeat(10_001) } }],
    ['filter.ownerId.eq', { ownerId: { eq: 'me' } }],
    ['filter.productIds.in.0', { productIds: { in: ['x'] } }],
    ['filter.amount.gte.amount', { amount: { gte: { amount: 'many', currency: 'EUR' } } }],
    ['filter.amount.gte.amount', { amount: { gte: { amount: 5, currency: 'EUR' } } }],
    ['filter.closeDate.lt', { closeDate: { lt: '2017-02-30' } }],
    ['filter.closeDate.lt', { closeDate: { lt: '0000-01-01' } }],
    ['filter.createdAt.gt', { createdAt: { gt: '2017-01-01' } }],
    ['filter.createdAt.gt', { createdAt: { gt: '2017-01-01T00:00:00+24:00' } }],
    ['filter.position.gt', { position: { gt: '-1' } }],
    ['filter.and.1.or.0.name.isNull', { and: [{}, { or: [{ name: { isNull: null } }] }] }],
    ['filter.not', { not: null }],
    ['filter.name', { name: null }],
    ['filter.name.in', { name: { in: Array(501).fill('x') } }],
    ['filter', { and: Array(101).fill({ name: { eq: 'x' } }) }],
    ['filter.not.not.not.not.not.not', deep(6)],
  ])('%s', async (path, filter) => {
    const query = 'query Q($filter: OpportunityFilter) { opportunities(filter: $filter) { nodes { id } } }';
    const { data, errors } = await world.ask(query, { filter });
    expect(data).toBeNull();
    expect(errors?.[0]?.extensions).toEqual({
      code: 'VALIDATION',
      fields: [{ path, message: expect.any(String) }],
    });
  });

  test('offsets that Postgres has not are instants all the same', async () => {
    const filter = { createdAt: { gt: '2017-01-01T00:00:00+23:59' } };
    expect(await idsOf('opportunities', filter)).toEqual(expected('opportunities', filter));
  });
});
