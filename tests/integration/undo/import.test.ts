/** An import that is undone by the command line, with records in it that someone has edited since. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { undoServiceOf } from '../../../src/commands/undo/series.ts';
import { runImport } from '../../../src/integrations/import/runImport.ts';
import { total } from '../../../src/integrations/import/summary.ts';
import { undoCommand } from '../../../src/integrations/undo/cli.ts';
import { openSession } from '../../../src/projections/query/session.ts';
import { catalog } from '../../support/writeSide.ts';
import { openWorld, type World } from '../api/world.ts';
import { shopFiles, shopPlan } from '../import/shop.ts';
import { folderOf } from '../import/support.ts';

let world: World;
let folder: Awaited<ReturnType<typeof folderOf>>;
let correlationId = '';

beforeAll(async () => {
  world = await openWorld();
  world.setClock('2022-01-01T00:00:00.000Z');
  folder = await folderOf(shopFiles);
});
afterAll(async () => {
  await world.close();
  await folder.close();
});

/** Each test has a plan of its own name, and so records of its own. */
let plans = 0;
const importShop = async () =>
  runImport({
    plan: { ...shopPlan, name: `shop-${plans}` },
    folder: folder.path,
    catalog,
    connect: async () => world.writer,
    workspaceId: 'default',
    now: () => new Date(),
  });

beforeEach(async () => {
  plans += 1;
  ({ correlationId } = await importShop());
});

const mine = async () => (await world.log()).filter(event => event.correlationId === correlationId);
const recordsOf = async () => new Map((await mine()).map(event => [event.aggregateId, event]));
const first = async (type: string) => {
  const event = (await mine()).find(each => each.type === type);
  if (!event) throw new Error(`the shop has no ${type}`);
  return event.aggregateId;
};

let isLacking = false;
async function relataUndo(...args: string[]) {
  let [out, err, closed] = ['', '', 0];
  const code = await undoCommand({
    args: ['--report', 'report.csv', ...args],
    cwd: folder.path,
    context: { workspaceId: 'default', actor: { type: 'user', id: 'undoer' } },
    connect: async () => ({
      ...undoServiceOf({ ...world.writer, catalog }),
      isLacking: () => isLacking,
      visible: async position => {
        expect(await world.visibility.waitFor(position, 20_000)).toBe('visible');
      },
      read: async query => {
        const session = openSession({ pool: world.pool, waitFor: async () => undefined }, 'default');
        return query(session).finally(session.end);
      },
      close: async () => void closed++,
    }),
    now: () => new Date(),
    out: { write: text => (out += text) },
    err: { write: text => (err += text) },
  });
  expect(closed).toBe(err.includes('Usage') ? 0 : 1);
  return { code, out, err };
}

const report = async (): Promise<readonly Readonly<Record<string, string>>[]> =>
  parse(await readFile(join(folder.path, 'report.csv')), { columns: true, relax_column_count: true });

const archived = async (ids: Iterable<string>) => {
  const list = [...ids];
  const found: Record<string, boolean> = {};
  for (const model of ['accounts', 'users', 'teams', 'pipelines', 'opportunities']) {
    const query = `query A($ids: [ID!]) { ${model}(first: 100, filter: { id: { in: $ids } }) { nodes { id archived } } }`;
    for (const { id, archived: is } of (await world.data(query, { ids: list }))[model].nodes) found[id] = is;
  }
  return found;
};

test('all that it brought in goes into the archive, once; and comes back when the undo is undone', async () => {
  const records = await recordsOf();
  const dry = await relataUndo('--correlation', correlationId, '--dry-run');
  expect(dry.code).toBe(0);
  expect(dry.out).toContain('This was a dry run: nothing was written.');
  expect(await recordsOf()).toEqual(records);
  expect(Object.values(await archived(records.keys()))).not.toContain(true);

  const { code, out } = await relataUndo('--correlation', correlationId);
  expect(code).toBe(0);
  expect(out).toMatch(new RegExp(`correlation ${correlationId}: ${records.size} records in`));
  expect(out).toMatch(/left alone +0, in 0 records/);
  expect(Object.values(await archived(records.keys()))).toEqual(Array(records.size).fill(true));
  expect(await report()).toHaveLength((await mine()).length);

  const again = await relataUndo('--correlation', correlationId);
  expect([again.code, again.out.includes('Nothing changed')]).toEqual([0, true]);

  const [, line] = /undo --correlation (\S+)$/m.exec(out) ?? [];
  expect((await relataUndo('--correlation', line ?? '')).code).toBe(0);
  expect(Object.values(await archived(records.keys()))).toEqual(Array(records.size).fill(false));
});

test('what was edited since stays and is listed, with who did it and when', async () => {
  const records = await recordsOf();
  const [account, deal] = [await first('AccountRegistered'), await first('OpportunityWon')];
  world.setClock('2023-01-01T00:00:00.000Z');
  await world.send('tagAccount', { tags: ['kept'] }, { id: account });
  await world.send('changeOpportunityDetails', { source: 'fair' }, { id: deal, commandId: `edit-${plans}` });
  const { code, out } = await relataUndo('--correlation', correlationId);
  expect(code).toBe(2);
  expect(out).toMatch(/left alone +2, in 2 records/);
  const after = await archived(records.keys());
  expect(Object.keys(after).filter(id => !after[id])).toEqual(expect.arrayContaining([account, deal]));
  expect(Object.values(after).filter(is => !is)).toHaveLength(2);
  const left = (await report()).filter(({ outcome }) => outcome === 'left alone');
  expect(left.find(({ record_id }) => record_id === deal)).toMatchObject({
    record_type: 'opportunity',
    event: 'OpportunityOpened',
    parts: 'all of it',
    by_event: 'OpportunityDetailsChanged',
    by_command_id: `edit-${plans}`,
    by_when: expect.stringMatching(/^2023-01-01/),
    by_actor: expect.stringMatching(/^user /),
  });
});

test('imported again it stays undone, as each row is known', async () => {
  await relataUndo('--correlation', correlationId);
  const { length } = await world.log();
  const summary = await importShop();
  expect(total(summary.passes, 'imported')).toBe(0);
  expect(await world.log()).toHaveLength(length);
});

test('it says where records may be missing', async () => {
  isLacking = true;
  const { code, err } = await relataUndo('--correlation', correlationId).finally(() => {
    isLacking = false;
  });
  expect([code, err]).toEqual([2, expect.stringContaining('relata parked list')]);
});

test('a command of it alone', async () => {
  const deal = await first('OpportunityWon');
  const won = (await mine()).find(
    ({ type, aggregateId }) => type === 'OpportunityWon' && aggregateId === deal,
  );
  expect((await relataUndo('--command', won?.commandId ?? '')).code).toBe(0);
  const query = 'query S($id: ID!) { opportunity(id: $id) { status archived amount { amount } } }';
  expect(await world.data(query, { id: deal })).toEqual({
    opportunity: { status: 'open', archived: false, amount: null },
  });
});

describe('1, and nothing is done:', () => {
  test('nothing was done under the id', async () => {
    const { code, err } = await relataUndo('--correlation', 'never');
    expect([code, err]).toEqual([1, expect.stringContaining('Nothing was done under correlation never')]);
  });
  test.each([
    ['no id', [], 'Say either --correlation or --command'],
    ['two ids', ['--correlation', 'a', '--command', 'b'], 'Say either'],
    ['an unknown option', ['--all'], 'Usage: npm run relata -- undo'],
  ])('%s', async (_, args, sentence) => {
    const { code, err } = await relataUndo(...args);
    expect([code, err]).toEqual([1, expect.stringContaining(sentence)]);
  });
  test('a report that can’t be written', async () => {
    const { length } = await world.log();
    const { code, err } = await relataUndo('--correlation', correlationId, '--report', '/dev/full');
    expect([code, err]).toEqual([1, expect.stringMatching(/ENOSPC.*name another file/)]);
    expect(await world.log()).toHaveLength(length);
  });
});
