import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Dispatch } from '../../../src/commands/dispatch.ts';
import { parsePlan } from '../../../src/integrations/import/readPlan.ts';
import { type ImportOptions, runImport } from '../../../src/integrations/import/runImport.ts';
import { total } from '../../../src/integrations/import/summary.ts';
import { ordersWith, shopFiles, shopJson, shopPlan } from './shop.ts';
import { folderOf, openWorld, readReport, type World } from './support.ts';

let world: World;
let folder: Awaited<ReturnType<typeof folderOf>>;
let workspaceId = '';
let workspaces = 0;

beforeAll(async () => {
  world = await openWorld();
  folder = await folderOf({});
});
afterAll(async () => {
  await world.close();
  await folder.close();
});
beforeEach(async () => {
  workspaceId = `shop-${++workspaces}`;
  await folder.write(shopFiles);
});

async function importShop(more: Partial<ImportOptions> = {}) {
  const reportFile = join(folder.path, 'report.csv');
  const summary = await runImport({
    plan: shopPlan,
    folder: folder.path,
    catalog: world.catalog,
    connect: async () => world.writeSide(),
    workspaceId,
    now: () => new Date(),
    reportFile,
    ...more,
  });
  const count = (what: Parameters<typeof total>[1]) => total(summary.passes, what);
  return { ...summary, count, report: await readReport(reportFile) };
}

const types = async () => {
  const counts: Record<string, number> = {};
  for (const { type } of await world.events(workspaceId)) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
};

const ALL = {
  PipelineDefined: 1,
  AccountRegistered: 2,
  UserInvited: 3,
  TeamFormed: 2,
  TeamTagApplied: 1,
  TeamMembersChanged: 3,
  OpportunityOpened: 4,
  OpportunityWon: 2,
  OpportunityLost: 1,
};

test('every row comes in once, by the import, at its own time', async () => {
  const { count, position } = await importShop();
  expect(await types()).toEqual(ALL);
  expect([count('rows'), count('rejected')]).toEqual([16, 0]);
  const events = await world.events(workspaceId);
  expect(position).toBe(events.at(-1)?.position);
  expect(new Set(events.map(({ actor }) => `${actor.type} ${actor.id}`))).toEqual(new Set(['import shop']));
  expect(new Set(events.map(({ correlationId }) => correlationId)).size).toBe(1);
  const lost = events.find(({ type }) => type === 'OpportunityLost');
  expect(lost?.occurredAt).toBe('2021-02-02T00:00:00.000Z');
});

test('repairs are reported row by row', async () => {
  const { report } = await importShop();
  expect(report.map(line => [line.file, line.row, line.outcome, line.column, line.code, line.value])).toEqual(
    [
      ['orders.csv', '5', 'repaired', 'customer', 'EMPTY', ''],
      ['orders.csv', '5', 'repaired', 'state', 'ALIAS', 'verkauft'],
    ],
  );
});

test('a second import changes nothing, also in another process', async () => {
  const first = await importShop();
  const again = await importShop();
  expect(await types()).toEqual(ALL);
  expect([again.count('imported'), again.count('unchanged'), again.count('rejected')]).toEqual([0, 16, 0]);
  expect(again.position).toBe(first.position);
});

test('rows that are new come in, the others stay', async () => {
  await importShop();
  await folder.write({ 'orders.csv': `${shopFiles['orders.csv']}5,Ida,,open,2021-03-01,,,\n` });
  const { passes } = await importShop();
  expect(passes.at(-1)).toMatchObject({ rows: 5, imported: 1, unchanged: 4, rejected: 0 });
});

test('rows may stand in another order: their number means nothing', async () => {
  await importShop();
  const [header = '', ...rows] = shopFiles['orders.csv'].trim().split('\n');
  await folder.write({ 'orders.csv': [header, ...rows.toReversed()].join('\n') });
  expect((await importShop()).count('imported')).toBe(0);
});

describe('a row that has changed since its import answers CHANGED_SINCE_IMPORT', () => {
  test.each([
    ['another value', '100,', '101,', 'winOpportunity'],
    ['another time', '2021-01-01', '2021-01-02', 'openOpportunity'],
    ['another owner', '1,Ida', '1,Jo', 'openOpportunity'],
    ['lost, not won', '1,Ida,Anna,sold', '1,Ida,Anna,gone', 'loseOpportunity'],
    ['open, not won', '1,Ida,Anna,sold', '1,Ida,Anna,open', 'winOpportunity'],
  ])('%s', async (_, before, after, command) => {
    await importShop();
    await folder.write(ordersWith(before, after));
    const { report, passes } = await importShop();
    expect(passes.at(-1)).toMatchObject({ imported: 0, unchanged: 3, rejected: 1 });
    expect(report.find(({ outcome }) => outcome === 'rejected')).toMatchObject({
      row: '2',
      code: 'CHANGED_SINCE_IMPORT',
      what_to_do: expect.stringContaining(command),
    });
    expect(await types()).toEqual(ALL);
  });

  test('but one that only went on goes on', async () => {
    await importShop();
    await folder.write(ordersWith('3,Kim,Anna,open,2021-01-03,,', '3,Kim,Anna,sold,2021-01-03,2021-04-01,7'));
    expect((await importShop()).passes.at(-1)).toMatchObject({ imported: 1, unchanged: 3 });
    expect(await types()).toEqual({ ...ALL, OpportunityWon: 3 });
  });
});

test('one key twice in a file: the same is a repeat, anything else is refused', async () => {
  await folder.write({ 'customers.csv': 'name,size\nAnna,1\nAnna,1\nBeate GmbH,12\nAnna,2\n' });
  const { passes, report } = await importShop();
  expect(passes[1]).toMatchObject({ rows: 4, imported: 2, unchanged: 1, rejected: 1 });
  expect(report[0]).toMatchObject({ file: 'customers.csv', row: '5', code: 'CHANGED_SINCE_IMPORT' });
});

describe('a bad row is rejected whole, and the rest goes on', () => {
  test.each([
    ['a bad date', '2021-02-01', 'soon', 'closed', 'BAD_DATE'],
    ['no closing date', '2021-02-01', '', 'closed', 'EMPTY'],
    ['a time that goes back', '2021-02-01', '2020-02-01', 'closed', 'OCCURRED_BEFORE_LAST'],
    ['an unknown state', 'sold', 'lent', 'state', 'VALUE_UNKNOWN'],
    ['a bad amount', '100,', '1e2,', 'worth', 'VALIDATION'],
    ['a customer that is in no file', '1,Ida,Anna', '1,Ida,Nobody', 'customer', 'REFERENCE_NOT_FOUND'],
    ['a missing cell', '100,\n', '100\n', '', 'MALFORMED'],
    ['a lonely quote', '1,Ida', '1,"Ida', '', 'MALFORMED'],
  ])('%s', async (_, before, after, column, code) => {
    await folder.write(ordersWith(before, after));
    const { passes, report } = await importShop();
    expect(passes.at(-1)).toMatchObject({ rows: 4, imported: 3, rejected: 1 });
    expect(report).toContainEqual(expect.objectContaining({ row: '2', outcome: 'rejected', column, code }));
    expect(await types()).toEqual({ ...ALL, OpportunityOpened: 3, OpportunityWon: 1 });
  });

  test('and once it is corrected, it alone comes in', async () => {
    await folder.write(ordersWith('2021-02-01', 'soon'));
    await importShop();
    await folder.write(shopFiles);
    expect((await importShop()).passes.at(-1)).toMatchObject({ imported: 1, unchanged: 3 });
    expect(await types()).toEqual(ALL);
  });
});

describe('what is wrong as a whole stops before the first write', () => {
  test.each([
    [
      'an unknown column',
      { 'sellers.csv': 'seller,team,age\nIda,North,7\n' },
      'FILE_COLUMNS',
      'does nothing with column "age"',
    ],
    [
      'a missing column',
      { 'orders.csv': 'id,seller\n1,Ida\n' },
      'FILE_COLUMNS',
      'it has no column "customer"',
    ],
    [
      'another delimiter',
      { 'sellers.csv': 'seller;team\nIda;North\n' },
      'FILE_COLUMNS',
      'name the delimiter',
    ],
    [
      'a column twice',
      { 'sellers.csv': 'seller,team,team\n' },
      'FILE_COLUMNS',
      'two of its columns have one name',
    ],
    ['an empty file', { 'sellers.csv': '' }, 'FILE_COLUMNS', 'it has no column "seller"'],
  ])('%s', async (_, files, code, reason) => {
    await folder.write(files);
    await expect(importShop()).rejects.toMatchObject({ code, message: expect.stringContaining(reason) });
    expect(await types()).toEqual({});
  });

  test('a missing file', async () => {
    const other = await folderOf({});
    const missing = importShop({ folder: other.path });
    await expect(missing).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: /There is no file .*customers\.csv/,
    });
    await other.close();
  });

  test('a report that cannot be written', async () => {
    const options = { reportFile: join(folder.path, 'nowhere', 'report.csv') };
    await expect(importShop(options)).rejects.toMatchObject({ code: 'REPORT_UNWRITABLE' });
    expect(await types()).toEqual({});
  });

  test('a constant record that a rule refuses', async () => {
    const json = structuredClone(shopJson);
    const constants = json.records[0]?.steps[0]?.input as Record<string, unknown>;
    constants['stages.2.category'] = { constant: 'won' };
    const bad = importShop({ plan: parsePlan(json) });
    await expect(bad).rejects.toMatchObject({ code: 'PLAN_INVALID', message: /exactly one won stage/ });
    expect(await types()).toEqual({});
  });
});

test('a dry run checks every row and writes nothing', async () => {
  await folder.write(ordersWith('Anna,sold', 'Nobody,sold'));
  const { count, passes, report, position } = await importShop({ connect: undefined });
  expect(await types()).toEqual({});
  expect(position).toBeUndefined();
  expect(passes.at(-1)).toMatchObject({ rows: 4, imported: 3, rejected: 1, repaired: 1 });
  expect(count('rows')).toBe(16);
  expect(report).toContainEqual(
    expect.objectContaining({ row: '2', code: 'REFERENCE_NOT_FOUND', value: 'Nobody' }),
  );
});

/** The write side, with something done before each command. */
const watched = (before: () => Promise<void> | void) => async () => {
  const { dispatch, streams } = world.writeSide();
  const watching: Dispatch = async (request, context) => {
    await before();
    return dispatch(request, context);
  };
  return { dispatch: watching, streams };
};

test('stopped at any command and run again, it ends the same', async () => {
  for (let limit = 0; limit < 20; limit += 3) {
    workspaceId = `shop-stopped-${limit}`;
    let sent = 0;
    const stop = new AbortController();
    const connect = watched(() => {
      if (++sent > limit) stop.abort();
    });
    const first = await importShop({ connect, signal: stop.signal, concurrency: 2 });
    expect(first.isInterrupted).toBe(true);
    await importShop();
    expect(await types()).toEqual(ALL);
  }
});

test('when the event store is gone it stops, and says to run it again', async () => {
  let sent = 0;
  const connect = async () => {
    const { dispatch, streams } = world.writeSide();
    const error = {
      kind: 'UNAVAILABLE',
      code: 'UNAVAILABLE',
      message: 'the event store did not answer',
    } as const;
    const failing: Dispatch = async (request, context) =>
      ++sent > 5 ? { ok: false, error } : dispatch(request, context);
    return { dispatch: failing, streams };
  };
  await expect(importShop({ connect })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('run the same import again'),
  });
  await importShop();
  expect(await types()).toEqual(ALL);
});

test('never more rows are on their way than asked, and the file is read no faster', async () => {
  const rows = Array.from({ length: 500 }, (_, i) => `Customer ${i},${i}`).join('\n');
  await folder.write({ 'customers.csv': `name,size\n${rows}\n` });
  let [now, most] = [0, 0];
  const connect = async () => {
    const { dispatch, streams } = world.writeSide();
    const counting: Dispatch = async (request, context) => {
      most = Math.max(most, ++now);
      return dispatch(request, context).finally(() => (now -= 1));
    };
    return { dispatch: counting, streams };
  };
  await importShop({ connect, concurrency: 7 });
  expect(most).toBe(7);
});
