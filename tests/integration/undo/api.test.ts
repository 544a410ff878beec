/** Undo over GraphQL: page by page, previewed first, and undone itself. */
import { jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectEventStore } from '../../../src/eventstore/client.ts';
import { openWorld, type World } from '../api/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const REPORT = `undoId takenBack leftAlone already position endCursor hasNextPage records {
  recordType recordId takenBackCount leftAloneCount already
  takenBack { parts event { type revision } }
  leftAlone { parts reason rule message event { type } by { type actorType actorId commandId occurredAt } } }`;
const PREVIEW = `query P($correlationId: String, $commandId: String, $first: Int, $after: String) {
  undoPreview(correlationId: $correlationId, commandId: $commandId, first: $first, after: $after) { ${REPORT} } }`;
const UNDO = `mutation U($input: UndoInput!) { undo(input: $input) { ${REPORT} } }`;

const UNDO_AT_ALL = 'mutation U($input: UndoInput!) { undo(input: $input) { undoId } }';

const preview = async (target: object) => (await world.data(PREVIEW, target)).undoPreview;
const undo = async (input: object) => (await world.data(UNDO, { input })).undo;
const nameOf = async (id: string, after?: string) =>
  (
    await world.data(
      'query N($id: ID!, $after: Position) { account(id: $id, after: $after) { name phone archived } }',
      {
        id,
        after,
      },
    )
  ).account;

async function accounts(count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push((await world.send('registerAccount', { name: `A${n}` })).id);
  return ids;
}

test('a change of several records is previewed, taken back, and brought back', async () => {
  const ids = await accounts(3);
  for (const id of ids)
    await world.send('changeAccountDetails', { name: 'B', phone: '1' }, { id, correlationId: 'several' });
  const edit = await world.send('changeAccountDetails', { phone: '2' }, { id: ids[1] });
  const before = await preview({ correlationId: 'several' });
  expect(await nameOf(ids[0] as string)).toMatchObject({ name: 'B' });

  const done = await undo({ correlationId: 'several' });
  expect({ ...done, position: null }).toEqual(before);
  expect(done).toMatchObject({ takenBack: 3, leftAlone: 1, already: 0, hasNextPage: false });
  expect(done.records.map(({ recordId }: { recordId: string }) => recordId)).toEqual(ids.toReversed());
  const log = await world.log();
  const editor = log.find(({ position }) => position === edit.position);
  expect(done.records[1]).toMatchObject({
    recordType: 'account',
    takenBack: [{ parts: ['name'], event: { type: 'AccountDetailsChanged', revision: 1 } }],
    leftAlone: [
      {
        parts: ['phone'],
        reason: 'EDITED_SINCE',
        rule: null,
        by: {
          type: 'AccountDetailsChanged',
          actorType: 'user',
          actorId: editor?.actor.id,
          commandId: editor?.commandId,
          occurredAt: editor?.occurredAt,
        },
      },
    ],
  });
  expect(await nameOf(ids[0] as string, done.position)).toEqual({ name: 'A0', phone: null, archived: false });
  expect(await nameOf(ids[1] as string, done.position)).toEqual({ name: 'A1', phone: '2', archived: false });

  expect(await undo({ correlationId: 'several' })).toMatchObject({
    takenBack: 0,
    already: 2,
    leftAlone: 1,
    position: null,
  });
  const redone = await undo({ correlationId: done.undoId });
  expect(redone).toMatchObject({ takenBack: 3, leftAlone: 0 });
  expect(await nameOf(ids[0] as string, redone.position)).toEqual({ name: 'B', phone: '1', archived: false });
});

test('one command is taken back by its id', async () => {
  const { id } = await world.send('registerAccount', { name: 'Alone' }, { commandId: 'alone' });
  const { position, records } = await undo({ commandId: 'alone' });
  expect(records).toMatchObject([{ recordId: id, takenBackCount: 1 }]);
  expect(await nameOf(id, position)).toMatchObject({ name: 'Alone', archived: true });
});

test('what only follows from a record is not listed beside it', async () => {
  const input = { name: 'Ann', emails: ['ann@example.com'] };
  const { id } = await world.send('createContact', input, { correlationId: 'person' });
  const { records, leftAlone } = await undo({ correlationId: 'person' });
  expect(records.map(({ recordId }: { recordId: string }) => recordId)).toEqual([id]);
  expect(leftAlone).toBe(0);
  await world.send('createContact', input); // the address is free again
});

test('page by page, each record once', async () => {
  const ids = await accounts(5);
  for (const tag of ['x', 'y'])
    for (const id of ids) await world.send('tagAccount', { tags: [tag] }, { id, correlationId: 'paged' });
  const seen: string[] = [];
  for (let after: string | null = null, more = true; more; ) {
    const page: {
      endCursor: string;
      hasNextPage: boolean;
      records: { recordId: string; takenBackCount: number }[];
    } = await undo({ correlationId: 'paged', first: 2, after });
    expect(page.records.length).toBeLessThanOrEqual(2);
    for (const { recordId, takenBackCount } of page.records) {
      seen.push(recordId);
      expect(takenBackCount).toBe(2);
    }
    after = page.endCursor;
    more = page.hasNextPage;
  }
  expect(seen).toEqual(ids.toReversed());
});

test('the undo is the caller’s, and says which command each event takes back', async () => {
  const [id] = await accounts(1);
  await world.send('changeAccountDetails', { name: 'B' }, { id, commandId: 'why', correlationId: 'who' });
  await undo({ correlationId: 'who', undoId: 'my-undo' });
  const last = (await world.log()).at(-1);
  expect(last).toMatchObject({
    correlationId: 'my-undo',
    causationId: 'why',
    data: { name: 'A0' },
    actor: { type: 'user' },
  });
});

describe('is refused', () => {
  const refused = async (query: string, variables: object) => {
    const { errors } = await world.ask(query, variables);
    return errors?.[0]?.extensions;
  };
  test('when nothing was done under the id', async () => {
    expect(await refused(PREVIEW, { correlationId: 'never' })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refused(UNDO, { input: { commandId: 'never' } })).toMatchObject({ code: 'NOT_FOUND' });
  });
  test.each([
    ['no id', {}, 'correlationId'],
    ['two ids', { correlationId: 'a', commandId: 'b' }, 'correlationId'],
    ['an undo of itself', { correlationId: 'a', undoId: 'a' }, 'undoId'],
    ['an undoId with a space', { correlationId: 'a', undoId: 'a b' }, 'undoId'],
    ['too large a page', { correlationId: 'a', first: 501 }, 'first'],
    ['an empty page', { correlationId: 'a', first: 0 }, 'first'],
    ['a cursor of something else', { correlationId: 'a', after: 'zzz' }, 'after'],
  ])('with %s', async (_, input, path) => {
    expect(await refused(UNDO_AT_ALL, { input })).toMatchObject({ code: 'VALIDATION', fields: [{ path }] });
  });
});

// The last one: from here on the timeline lacks events.
test('where events of a record could not be applied, the answer says so, and undoes what it finds', async () => {
  const ids = await accounts(2);
  for (const id of ids)
    await world.send('changeAccountDetails', { name: 'B' }, { id, correlationId: 'lacking' });
  const client = connectEventStore(world.store.connectionString);
  const event = jsonEvent({ type: 'AccountDreamt', data: {}, metadata: {} });
  const { position } = await client.appendToStream(`account-default.${ids[0]}`, event);
  await client.dispose();
  expect(await world.visibility.waitFor(position?.commit ?? 0n, 20_000)).toBe('visible');
  const { data, errors } = await world.ask(UNDO, { input: { correlationId: 'lacking' } });
  expect(errors?.map(({ extensions }) => [extensions.code, extensions.details])).toEqual([
    ['PARKED', expect.objectContaining({ model: 'timeline' })],
  ]);
  expect(data.undo.records).toMatchObject([
    { recordId: ids[1], takenBackCount: 1, leftAloneCount: 0 },
    { recordId: ids[0], leftAlone: [{ reason: 'REFUSED', rule: 'STREAM_UNREADABLE' }] },
  ]);
});
