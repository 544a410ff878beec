/** What became of records, change by change, and records at two moments: against the log, folded event by event. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RecordedEvent } from '../../../src/eventstore/envelope.ts';
import { AT, holdsAtAnyMoment, MOMENT, moments } from './moments.ts';
import { createOracle, fieldsOf, type Oracle, type Shown, type When } from './oracle.ts';
import { type Story, tell } from './story.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let story: Story;
let oracle: Oracle;
let log: readonly RecordedEvent[];
beforeAll(async () => {
  world = await openWorld();
  story = await tell(world);
  log = await world.log();
  oracle = createOracle(world.models, log);
});
afterAll(() => world.close());

const LISTS: Readonly<Record<string, string>> = {
  account: 'accounts',
  contact: 'contacts',
  opportunity: 'opportunities',
  activity: 'activities',
  product: 'products',
  team: 'teams',
  user: 'users',
  pipeline: 'pipelines',
};
const FIELDS = 'field from to fromRecords { recordType id name } toRecords { recordType id name }';
const CHANGE = `revision occurredAt recordedAt position type actorType actorId actorName commandId correlationId causationId fields { ${FIELDS} }`;

const plain = (value: unknown) => (Array.isArray(value) && value.length === 0 ? null : (value ?? null));

/** What differs between two states, records called as at a moment. */
function differences(list: string, before: Shown | undefined, after: Shown | undefined, when: When) {
  const columns = Object.entries(fieldsOf(oracle.model(list)));
  const named = (target: string | undefined, value: unknown) =>
    target === undefined || value === null
      ? []
      : [value].flat().map(id => {
          const rows = oracle.rows(LISTS[target] ?? 'stages', when);
          const row = rows.find(each => each.id === id);
          return { recordType: target, id, name: row?.name ?? row?.subject ?? null };
        });
  return columns.flatMap(([field, { target }]) => {
    const [from, to] = [plain(before?.[field]), plain(after?.[field])];
    if (['id', 'revision', 'changedAt', 'position'].includes(field) || isDeepStrictEqual(from, to)) return [];
    return [{ field, from, to, fromRecords: named(target, from), toRecords: named(target, to) }];
  });
}

/** Every event of a record with what it changed, the newest first. */
function changesOf(id: string, when: When, wanted?: readonly string[]) {
  const mine = log.filter(
    ({ aggregateId, occurredAt, position }) =>
      aggregateId === id &&
      occurredAt <= (when.asOf ?? 'Z') &&
      (when.knownAt === undefined || position <= when.knownAt),
  );
  const list = LISTS[mine[0]?.category ?? ''];
  if (!list) return [];
  const at = (knownAt: bigint) => oracle.rows(list, { knownAt }).find(row => row.id === id);
  return mine
    .map(event => ({ event, fields: differences(list, at(event.position - 1n), at(event.position), when) }))
    .map(({ event, fields }) => ({
      revision: event.revision,
      occurredAt: event.occurredAt,
      recordedAt: event.recordedAt,
      position: `${event.position}`,
      type: event.type,
      actorType: event.actor.type,
      actorId: event.actor.id,
      actorName: null, // the tests' own user is no record
      commandId: event.commandId,
      correlationId: event.correlationId,
      causationId: event.causationId,
      fields: wanted ? fields.filter(({ field }) => wanted.includes(field)) : fields,
    }))
    .filter(({ fields }) => fields.length > 0)
    .reverse();
}

const anyRecord = () =>
  fc.constantFrom(
    ...[story.accounts, story.contacts, story.opportunities, story.activities, story.products].flat(),
    story.ann,
    story.sales,
    '00000000-0000-7000-8000-00000000dead',
  );

test('every change of any record, at any moment', async () => {
  const query = `query Of($id: ID!, $fields: [String!], ${MOMENT}) {
    recordHistory(id: $id, fields: $fields, first: 100, ${AT}) { totalCount nodes { ${CHANGE} } } }`;
  const fields = fc.constantFrom<string[] | undefined>(undefined, undefined, ['name'], ['ownerId', 'tags']);
  await fc.assert(
    fc.asyncProperty(anyRecord(), moments(oracle), fields, async (id, { args, when }, wanted) => {
      if (wanted?.includes('name') && story.activities.includes(id)) return; // which have none
      const expected = changesOf(id, when, wanted);
      const { recordHistory } = await world.data(query, { id, fields: wanted ?? null, ...args });
      expect(recordHistory).toEqual({ totalCount: expected.length, nodes: expected });
    }),
    { numRuns: 80 },
  );
});

test('the same below records, page by page', async () => {
  const query = `query At($after: String, ${MOMENT}) { opportunities(first: 30, orderBy: [{ field: id }], ${AT}) { nodes {
    id history(first: 2, after: $after) { totalCount edges { node { position } } pageInfo { hasNextPage endCursor } } } } }`;
  await holdsAtAnyMoment(
    oracle,
    async ({ args, when }) => {
      const { opportunities } = await world.data(query, args);
      for (const { id, history } of opportunities.nodes) {
        const expected = changesOf(id, when).map(({ position }) => ({ node: { position } }));
        expect(history.edges).toEqual(expected.slice(0, 2));
        expect(history.totalCount).toBe(expected.length);
        expect(history.pageInfo.hasNextPage).toBe(expected.length > 2);
        if (!history.pageInfo.hasNextPage) continue;
        const next = await world.data(query, { ...args, after: history.pageInfo.endCursor });
        const mine = next.opportunities.nodes.find((node: { id: string }) => node.id === id);
        expect(mine.history.edges).toEqual(expected.slice(2, 4));
      }
    },
    8,
  );
});

test('a field that is none is refused', async () => {
  const { errors } = await world.ask(
    `{ opportunity(id: "${story.opportunities[0]}") { history(fields: ["nmae"]) { nodes { revision } } } }`,
  );
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'VALIDATION', fields: [{ path: 'fields.0' }] });
});

test('a record at any two moments', async () => {
  const query = `query Diff($id: ID!, $from: MomentInput!, $to: MomentInput) {
    recordDiff(id: $id, from: $from, to: $to) { recordType id existed exists fields { ${FIELDS} } } }`;
  await fc.assert(
    fc.asyncProperty(anyRecord(), moments(oracle), moments(oracle), async (id, from, to) => {
      const recordType = log.find(({ aggregateId }) => aggregateId === id)?.category ?? '';
      const list = LISTS[recordType];
      const at = ({ when }: typeof from) => oracle.rows(list ?? '', when).find(row => row.id === id);
      const { recordDiff } = await world.data(query, { id, from: from.args, to: to.args });
      expect(recordDiff).toEqual(
        list
          ? {
              recordType,
              id,
              existed: at(from) !== undefined,
              exists: at(to) !== undefined,
              fields: differences(list, at(from), at(to), to.when),
            }
          : null,
      );
    }),
    { numRuns: 80 },
  );
});

test('a user who did it is named', async () => {
  const app = await world.serve({ actor: { type: 'user', id: story.ann } });
  const query = `mutation { tagUser(input: { id: "${story.bob}", tags: ["new"] }) { position } }`;
  const { data } = (await app.inject({ method: 'POST', url: '/graphql', payload: { query } })).json();
  const { recordHistory } = await world.data(
    `query Named($position: Position) {
      recordHistory(id: "${story.bob}", first: 1, afterPosition: $position) { nodes { actorType actorId actorName fields { field to } } } }`,
    data.tagUser,
  );
  expect(recordHistory.nodes).toEqual([
    {
      actorType: 'user',
      actorId: story.ann,
      actorName: 'Ann Ahlers',
      fields: [{ field: 'tags', to: ['new'] }],
    },
  ]);
});
