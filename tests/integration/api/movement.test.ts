/** A pipeline between two moments, whichever they are: against a fold at each of them, and adding up by itself. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STEPS } from '../../../src/projections/query/movement.ts';
import {
  amountOf,
  isIn,
  type Money,
  negative,
  type Scope,
  tellOf,
  totalsOf,
  withoutZeros,
} from './comparing.ts';
import { type Asked, moments } from './moments.ts';
import { type Condition, createOracle, type Oracle, type Shown, type When } from './oracle.ts';
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

type Worth = { readonly count: number; readonly totals: readonly Money[] };
type Step = Worth & {
  readonly category: string;
  readonly countChange: number;
  readonly change: readonly Money[];
  readonly opportunities: { readonly totalCount: number; readonly nodes: readonly Shift[] };
};
type Shift = {
  readonly id: string;
  readonly before: { readonly amount: Money | null } | null;
  readonly after: { readonly amount: Money | null } | null;
};

const SHIFTS = `totalCount nodes { id before { id status stageId amount { amount currency } } after { id status stageId amount { amount currency } } }`;
const WORTH = '{ count totals { amount currency } }';
const AND = '$id: ID, $filter: OpportunityFilter, $from: MomentInput!, $to: MomentInput';
const ARGS = 'pipelineId: $id, filter: $filter, from: $from, to: $to';
const MOVEMENT = `query Movement(${AND}) { pipelineMovement(${ARGS}) {
  opening ${WORTH} closing ${WORTH}
  steps { category count countChange totals { amount currency } change { amount currency } opportunities(first: 60) { ${SHIFTS} } }
} }`;
const DIFF = `query Diff(${AND}) { boardDiff(${ARGS}) {
  pipeline { id }
  columns { stage { id } before ${WORTH} after ${WORTH} entered ${WORTH} left ${WORTH} revalued { amount currency } }
  moves { from { id } to { id } count totals { amount currency } }
  opportunities(first: 500) { ${SHIFTS} }
} }`;

const shown = (row: Shown | undefined) =>
  row ? { id: row.id, status: row.status, stageId: row.stageId, amount: row.amount } : null;
const worthOf = (rows: readonly Shown[]): Worth => ({
  count: rows.length,
  totals: totalsOf(rows.map(amountOf)),
});
const inOrder = (ids: readonly string[]) => [...new Set(ids)].sort();

/** Both sides of every opportunity, and the order of the stages. */
function compared(scope: Scope, from: When, to: When) {
  const at = (when: When) => new Map(oracle.rows('opportunities', when).map(row => [row.id, row]));
  const [before, after] = [at(from), at(to)];
  const stages = new Map(
    [...oracle.rows('stages', from), ...oracle.rows('stages', to)].map(stage => [stage.id, stage]),
  );
  const order = [...stages.values()]
    .filter(stage => stage.pipelineId === scope.pipelineId)
    .sort(
      (x, y) =>
        Number(x.place) - Number(y.place) || Number(y.retired) - Number(x.retired) || (x.id < y.id ? -1 : 1),
    )
    .map(({ id }) => id);
  const pairs = inOrder([...before.keys(), ...after.keys()]).map(id => ({
    id,
    a: before.get(id),
    b: after.get(id),
  }));
  return { pairs, place: (stageId: unknown) => order.indexOf(stageId as string) };
}

const cases = () => {
  const at = moments(oracle);
  const filter = fc.constantFrom<Condition>(
    {},
    { ownerId: { eq: story.cem } },
    { name: { contains: 'fleet' } },
    { status: { in: ['open', 'won'] } },
    { amount: { gte: { amount: '100', currency: 'EUR' } } },
  );
  return fc.record({ from: at, to: at, filter, isStandard: fc.boolean() });
};
type Case = {
  readonly from: Asked;
  readonly to: Asked;
  readonly filter: Condition;
  readonly isStandard: boolean;
};

const asked = ({ from, to, filter, isStandard }: Case) => ({
  scope: {
    model: oracle.model('opportunities'),
    pipelineId: isStandard ? story.sales : story.partners,
    filter,
  },
  variables: { id: isStandard ? null : story.partners, filter, from: from.args, to: to.args },
});
const holds = (check: (given: Case) => Promise<void>, numRuns: number) =>
  fc.assert(fc.asyncProperty(cases(), check), { numRuns });

describe('pipelineMovement', () => {
  test('tells of each opportunity what its two states tell, and adds up', async () => {
    await holds(async given => {
      const { scope, variables } = asked(given);
      const { pairs, place } = compared(scope, given.from.when, given.to.when);
      const { opening, closing, steps } = (await world.data(MOVEMENT, variables)).pipelineMovement as {
        opening: Worth;
        closing: Worth;
        steps: readonly Step[];
      };
      const isOpen = (row: Shown | undefined): row is Shown => isIn(scope, row) && row.status === 'open';
      expect(opening).toEqual(worthOf(pairs.map(({ a }) => a).filter(isOpen)));
      expect(closing).toEqual(worthOf(pairs.map(({ b }) => b).filter(isOpen)));
      const told = pairs.flatMap(({ a, b }) => tellOf(scope, place, a, b));
      for (const { category, ...step } of steps) {
        const mine = told.filter(each => each.category === category);
        const nodes = pairs.filter(({ id }) => mine.some(each => each.id === id));
        expect({ category, ...step }).toEqual({
          category,
          count: mine.length,
          countChange: mine.reduce((sum, { sign }) => sum + sign, 0),
          totals: totalsOf(mine.map(({ worth }) => worth)),
          change: withoutZeros(totalsOf(mine.flatMap(({ change }) => change))),
          opportunities: {
            totalCount: mine.length,
            nodes: nodes.map(({ id, a, b }) => ({ id, before: shown(a), after: shown(b) })),
          },
        });
      }
      expect(told.length).toBe(steps.reduce((sum, { count }) => sum + count, 0));
      expect(opening.count + steps.reduce((sum, { countChange }) => sum + countChange, 0)).toBe(
        closing.count,
      );
      expect(withoutZeros(totalsOf([...opening.totals, ...steps.flatMap(({ change }) => change)]))).toEqual(
        withoutZeros(closing.totals),
      );
    }, 60);
  });

  test('of all that is told each category comes up', async () => {
    const found = new Set<string>();
    const spans: readonly [object, object, object][] = [
      [{}, { asOf: '2017-01-15' }, {}],
      [{}, { asOf: '2017-03-02' }, {}],
      [{}, { asOf: '2017-04-10' }, { asOf: '2017-06-30' }],
      [{}, { asOf: '2017-06-30' }, {}],
      [{ ownerId: { eq: story.cem } }, { asOf: '2017-06-30' }, {}],
      [{ ownerId: { eq: story.ann } }, { asOf: '2017-03-20' }, {}],
      [{}, { asOf: '2017-03-31' }, { asOf: '2017-04-30' }],
    ];
    for (const [filter, from, to] of spans) {
      const { pipelineMovement } = await world.data(MOVEMENT, { filter, from, to });
      for (const { category, count } of pipelineMovement.steps) if (count > 0) found.add(category);
    }
    expect([...found].sort()).toEqual(Object.keys(STEPS).sort());
  });

  test('the opportunities of a step come in pages', async () => {
    const page = async (after: string | null) => {
      const query = `query Page($after: String) { pipelineMovement(from: { asOf: "2017-01-15" }) { steps {
        category opportunities(first: 5, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } } } }`;
      const { steps } = (await world.data(query, { after })).pipelineMovement;
      return steps.find((step: { category: string }) => step.category === 'NEW').opportunities;
    };
    const ids: string[] = [];
    for (let after: string | null = null; ; ) {
      const { nodes, pageInfo } = await page(after);
      ids.push(...nodes.map((node: { id: string }) => node.id));
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    const standard = oracle.rows('opportunities').filter(({ pipelineId }) => pipelineId === story.sales);
    expect(ids).toEqual(inOrder(standard.map(({ id }) => id)));
  });

  test('a moment that is none is refused by its path', async () => {
    const { errors } = await world.ask(MOVEMENT, { from: { asOf: 'yesterday' } });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'VALIDATION', fields: [{ path: 'from.asOf' }] });
  });
});

test('boardDiff: every column adds up, and what differs is told', async () => {
  await holds(async given => {
    const { scope, variables } = asked(given);
    const { pairs } = compared(scope, given.from.when, given.to.when);
    const { boardDiff } = await world.data(DIFF, variables);
    const sides = pairs.map(({ id, a, b }) => ({
      id,
      a: isIn(scope, a) ? a : undefined,
      b: isIn(scope, b) ? b : undefined,
      all: { a, b },
    }));
    const differing = sides.filter(
      ({ a, b }) =>
        (a ?? b) &&
        (!a || !b || a.stageId !== b.stageId || JSON.stringify(a.amount) !== JSON.stringify(b.amount)),
    );
    expect(boardDiff.opportunities).toEqual({
      totalCount: differing.length,
      nodes: differing.map(({ id, all }) => ({ id, before: shown(all.a), after: shown(all.b) })),
    });
    for (const { stage, before, after, entered, left, revalued } of boardDiff.columns) {
      const was = sides.filter(({ a }) => a?.stageId === stage.id);
      const is = sides.filter(({ b }) => b?.stageId === stage.id);
      const stayed = is.filter(({ a }) => a?.stageId === stage.id);
      const rows = (list: readonly (Shown | undefined)[]) => worthOf(list.flatMap(row => row ?? []));
      expect({ before, after, entered, left, revalued }).toEqual({
        before: rows(was.map(({ a }) => a)),
        after: rows(is.map(({ b }) => b)),
        entered: rows(is.filter(({ a }) => a?.stageId !== stage.id).map(({ b }) => b)),
        left: rows(was.filter(({ b }) => b?.stageId !== stage.id).map(({ a }) => a)),
        revalued: withoutZeros(
          totalsOf(stayed.flatMap(({ a, b }) => [amountOf(b), ...[amountOf(a) ?? []].flat().map(negative)])),
        ),
      });
    }
    const moved = Map.groupBy(
      sides.filter(({ a, b }) => a?.stageId !== b?.stageId),
      ({ a, b }) => `${a?.stageId} ${b?.stageId}`,
    );
    const expected = [...moved].map(([key, list]) => ({
      key,
      count: list.length,
      totals: totalsOf(list.map(({ all }) => amountOf(all.b ?? all.a))),
    }));
    type Moved = { from: { id: string } | null; to: { id: string } | null; count: number; totals: Money[] };
    const told = (boardDiff.moves as Moved[]).map(({ from, to, count, totals }) => ({
      key: `${from?.id} ${to?.id}`,
      count,
      totals,
    }));
    const byKey = (x: { key: string }, y: { key: string }) => (x.key < y.key ? -1 : 1);
    expect(told.sort(byKey)).toEqual(expected.sort(byKey));
  }, 60);
});

test('a stage that takes no more opportunities comes before the one that has its place', async () => {
  world.setClock('2018-01-01T08:00:00.000Z');
  const [won, lost] = [
    { name: 'Won', category: 'won' },
    { name: 'Lost', category: 'lost' },
  ];
  const stagesOf = async (id: string) =>
    (await world.data(`{ pipeline(id: "${id}") { stages { id name } } }`)).pipeline.stages as {
      id: string;
      name: string;
    }[];
  const first = { name: 'Ties', stages: [{ name: 'First' }, { name: 'Old' }, won, lost] };
  const { id } = await world.send('definePipeline', first);
  await world.shown();
  const [kept, old] = await stagesOf(id);
  const deal = await world.send('openOpportunity', { name: 'Moved on', pipelineId: id, stageId: old?.id });
  const next = { stages: [{ stageId: kept?.id, name: 'First' }, { name: 'New' }, won, lost] };
  const changed = await world.send('changePipelineStages', next, { id });
  await world.shown();
  const stageId = (await stagesOf(id)).find(({ name }) => name === 'New')?.id;
  const moved = await world.send('moveOpportunityToStage', { stageId }, { id: deal.id });
  await world.shown();
  const told = async (from: bigint, to: bigint) => {
    const at = (position: bigint) => ({ knownAtPosition: `${position}` });
    const { steps } = (await world.data(MOVEMENT, { id, from: at(from), to: at(to) })).pipelineMovement;
    return steps.flatMap(({ category, count }: Step) => (count > 0 ? [category] : []));
  };
  expect(await told(changed.position, moved.position)).toEqual(['MOVED_FORWARD']);
  expect(await told(moved.position, changed.position)).toEqual(['MOVED_BACK']);
});
