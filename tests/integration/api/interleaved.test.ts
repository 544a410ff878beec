/**
 * Commands to many records at random, most of them told late: each record's time only moves on, while that of the log
 * goes back and forth. Whatever is asked of any day, as known at any place of the log, is what the events make that had
 * happened by the one and were in the log by the other: folded here by nothing but these two conditions.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RecordedEvent } from '../../../src/eventstore/envelope.ts';
import { amountOf, isIn, tellOf, totalsOf, withoutZeros } from './comparing.ts';
import { type Asked, AT, MOMENT, moments } from './moments.ts';
import { createOracle, matches, type Shown, selectionOf, sorted, type When } from './oracle.ts';
import { openWorld, type World } from './world.ts';

const START = '2020-01-01T00:00:00.000Z';
const HOUR = 3_600_000;
const STAGES = [
  { name: 'New', probability: 10 },
  { name: 'Talking', probability: 50 },
  { name: 'Won', category: 'won' },
  { name: 'Lost', category: 'lost' },
];

let world: World;
let pipelineId: string;
let stages: readonly string[];
const ids: string[] = [];
/** When each record's last event happened. */
const last = new Map<string, number>();
let now = Date.parse(START);

beforeAll(async () => {
  world = await openWorld();
  world.setClock(START);
  const sales = { name: 'Sales', stages: STAGES };
  pipelineId = (await world.send('definePipeline', sales, { occurredAt: '2019-06-01T00:00:00.000Z' })).id;
  await world.send('chooseDefaultPipeline', { pipelineId }, { occurredAt: '2019-06-01T00:00:00.000Z' });
  const defined = (await world.log()).filter(({ type }) => type === 'PipelineDefined');
  stages = defined.flatMap(({ data }) =>
    (data.stages as readonly { stageId: string }[]).map(({ stageId }) => stageId),
  );
});
afterAll(() => world.close());

const command = fc.record({
  what: fc.constantFrom('open', 'move', 'move', 'amount', 'rename', 'win', 'lose', 'reopen', 'tag'),
  which: fc.nat(20),
  amount: fc.integer({ min: 0, max: 9 }),
  currency: fc.constantFrom('EUR', 'EUR', 'EUR', 'USD'),
  stage: fc.nat(1),
  /** How much later the log is written, in hours, and how long ago it happened. */
  pause: fc.nat(30),
  ago: fc.oneof(fc.constant(0), fc.nat(500)),
});
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** Refused ones are no events: a lost opportunity can't be moved. */
async function carryOut(c: Command): Promise<void> {
  now += c.pause * HOUR;
  world.setClock(new Date(now).toISOString());
  const id = ids[c.which % Math.max(1, ids.length)];
  const isNew = c.what === 'open' || id === undefined;
  const earliest = isNew ? Date.parse(START) - 400 * HOUR : (last.get(id) ?? 0);
  const occurredAt = Math.max(earliest, now - c.ago * HOUR);
  const amount = { amount: `${c.amount}00`, currency: c.currency };
  const [name, input] = isNew
    ? ['openOpportunity', { name: `Deal ${c.amount}`, ...(c.amount > 2 && { amount }) }]
    : ({
        move: ['moveOpportunityToStage', { stageId: stages[c.stage] }],
        amount: ['changeOpportunityAmount', { amount: c.amount > 1 ? amount : null }],
        rename: ['changeOpportunityDetails', { name: `Deal ${c.amount}` }],
        win: ['winOpportunity', { amount }],
        lose: ['loseOpportunity', { reasonCode: 'price' }],
        reopen: ['reopenOpportunity', {}],
        tag: ['tagOpportunity', { tags: [`t${c.amount}`] }],
        open: ['', {}],
      }[c.what] as [string, object]);
  const more = { occurredAt: new Date(occurredAt).toISOString(), ...(!isNew && { id }) };
  const done = await world.trySend(name, input, more);
  if (!done) return;
  if (isNew) ids.push(done.id);
  last.set(done.id, occurredAt);
}

/** Folded from the events that had happened and were known, and from no others. */
function foldedAt(events: readonly RecordedEvent[], { asOf = 'Z', knownAt }: When) {
  const counted = events.filter(
    ({ occurredAt, position }) => occurredAt <= asOf && (knownAt === undefined || position <= knownAt),
  );
  const oracle = createOracle(world.models, counted);
  return { oracle, model: oracle.model('opportunities'), deals: oracle.rows('opportunities') };
}

const FILTER = { status: { eq: 'open' }, name: { contains: '4' } };
const QUERY = (
  selection: string,
) => `query At($id: ID!, $filter: OpportunityFilter, $after: String, ${MOMENT}) {
  opportunity(id: $id, ${AT}) { ${selection} }
  all: opportunities(first: 100, ${AT}) { totalCount nodes { ${selection} } }
  page: opportunities(first: 3, after: $after, ${AT}) { nodes { id } pageInfo { hasNextPage endCursor } }
  filtered: opportunities(filter: $filter, ${AT}) { totalCount nodes { id } }
  sorted: opportunities(first: 100, orderBy: [{ field: amount, direction: DESC }, { field: changedAt }], ${AT}) { nodes { id } }
  pipelineBoard(${AT}) { columns { stage { id } count totals { amount currency } } }
  opportunitySummary(groupBy: STAGE, ${AT}) { key count totals { amount currency } }
  search(text: "deal 4", types: [opportunity], first: 50, ${AT}) { id }
}`;
const MOVED = `query Moved($from: MomentInput!, $to: MomentInput) { pipelineMovement(from: $from, to: $to) {
  opening { count } closing { count } steps { category count change { amount currency } } } }`;

const only = (rows: readonly Shown[]) => rows.map(({ id }) => ({ id }));
const worth = (rows: readonly Shown[]) => ({ count: rows.length, totals: totalsOf(rows.map(amountOf)) });
const bare = ({ lines: _, ...row }: Shown) => row;

/** Every kind of query of one moment. */
async function answersAre(
  events: readonly RecordedEvent[],
  { args, when }: Asked,
  id: string,
): Promise<void> {
  const { model, deals } = foldedAt(events, when);
  const data = await world.data(QUERY(selectionOf(model)), { id, filter: FILTER, ...args });
  const newest = sorted(model, deals, [{ field: 'createdAt', direction: 'DESC' }]);
  const one = deals.find(deal => deal.id === id);
  expect(data.opportunity).toEqual(one ? bare(one) : null);
  expect(data.all).toEqual({ totalCount: deals.length, nodes: newest.map(bare) });
  const open = newest.filter(row => matches(model, row, FILTER));
  expect(data.filtered).toEqual({ totalCount: open.length, nodes: only(open) });
  const byAmount = sorted(model, deals, [
    { field: 'amount', direction: 'DESC' },
    { field: 'changedAt', direction: 'ASC' },
  ]);
  expect(data.sorted.nodes).toEqual(only(byAmount));
  for (const { stage, ...held } of data.pipelineBoard.columns)
    expect(held).toEqual(worth(deals.filter(({ stageId }) => stageId === stage.id)));
  const groups = Map.groupBy(deals, ({ stageId }) => stageId as string);
  const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1);
  expect(data.opportunitySummary.sort(byKey)).toEqual(
    [...groups].map(([key, rows]) => ({ key, ...worth(rows) })).sort(byKey),
  );
  const found = deals.filter(({ name }) => String(name).includes('Deal 4'));
  expect(data.search.map((hit: { id: string }) => hit.id).sort()).toEqual(found.map(deal => deal.id).sort());
  await pagesAre(newest, data.page, args);
}

type Page = {
  readonly nodes: readonly { readonly id: string }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
};

async function pagesAre(rows: readonly Shown[], first: Page, args: object): Promise<void> {
  const query = `query Next($after: String, ${MOMENT}) { opportunities(first: 3, after: $after, ${AT}) { nodes { id } pageInfo { hasNextPage endCursor } } }`;
  const walked = [...first.nodes];
  for (let { hasNextPage, endCursor } = first.pageInfo; hasNextPage; ) {
    const { opportunities } = await world.data(query, { ...args, after: endCursor });
    walked.push(...opportunities.nodes);
    ({ hasNextPage, endCursor } = opportunities.pageInfo);
  }
  expect(walked).toEqual(only(rows));
}

async function movementIs(events: readonly RecordedEvent[], from: Asked, to: Asked): Promise<void> {
  const [a, b] = [foldedAt(events, from.when), foldedAt(events, to.when)];
  const scope = { model: a.model, pipelineId, filter: {} };
  const all = [...new Set([...a.deals, ...b.deals].map(({ id }) => id))];
  const side = (rows: readonly Shown[], id: string) => rows.find(row => row.id === id);
  const place = (stageId: unknown) => stages.indexOf(stageId as string);
  const told = all.flatMap(id => tellOf(scope, place, side(a.deals, id), side(b.deals, id)));
  const { pipelineMovement } = await world.data(MOVED, { from: from.args, to: to.args });
  const isOpen = (row: Shown) => isIn(scope, row) && row.status === 'open';
  expect(pipelineMovement.opening.count).toBe(a.deals.filter(isOpen).length);
  expect(pipelineMovement.closing.count).toBe(b.deals.filter(isOpen).length);
  for (const { category, count, change } of pipelineMovement.steps) {
    const mine = told.filter(each => each.category === category);
    expect({ category, count, change }).toEqual({
      category,
      count: mine.length,
      change: withoutZeros(totalsOf(mine.flatMap(each => each.change))),
    });
  }
}

test('whatever is asked of any moment is what had happened by then and was known', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { minLength: 10, maxLength: 40, size: 'max' }),
      fc.infiniteStream(fc.nat()),
      async (commands, picks) => {
        for (const each of commands) await carryOut(each);
        await world.shown();
        const events = await world.log();
        const asked = fc.sample(moments(createOracle(world.models, events)), {
          seed: picks.next().value,
          numRuns: 6,
        });
        for (const [i, at] of asked.entries()) {
          await answersAre(events, at, ids[i % ids.length] ?? pipelineId);
          await movementIs(events, at, asked[(i + 1) % asked.length] ?? at);
        }
      },
    ),
    { numRuns: 10, endOnFailure: true }, // what one run sends stays for the next
  );
});
