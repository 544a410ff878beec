/** An import by the command line, attacked while it runs: whatever is killed, another run brings the same totals. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { ordersWith, shopFiles, shopJson } from '../integration/import/shop.ts';
import { makeBed, postgresProcesses, type Running, settings, stop } from './support/bed.ts';
import { data } from './support/graphql.ts';
import { CHECKOUT, eventually, type Program, relata, run } from './support/program.ts';
import { holdUp, query } from './support/sql.ts';

const ROWS = 1_500;
const STATES = ['open', 'sold', 'gone'] as const;
const IMPORT = ['import', 'plan.json', '--from', '.'];

const bed = makeBed();
/** Where the caller is: the plan and its files, and in `small` the files of a handful of rows. */
let caller: string;

beforeAll(async () => {
  caller = await bed.folder();
  const orders = Array.from(
    { length: ROWS },
    (_, i) => `${i + 1},Ida,Anna,${STATES[i % 3]},2021-01-01,2021-02-01,${i},`,
  );
  const files = {
    ...shopFiles,
    'plan.json': JSON.stringify(shopJson),
    'orders.csv': `id,seller,customer,state,asked,closed,worth,remark\n${orders.join('\n')}\n`,
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(caller, name), content);
  await mkdir(join(caller, 'small'));
  for (const [name, content] of Object.entries({ ...shopFiles, ...ordersWith('100,', 'much,') }))
    await writeFile(join(caller, 'small', name), content);
  for (const name of ['second', 'third'])
    await writeFile(join(caller, `${name}.json`), JSON.stringify({ ...shopJson, name }));
});

/** As npm calls it: in the checkout, and told where it was called from. */
const importInto = (dir: string, args = IMPORT): Program =>
  bed.use(relata(args, { env: { ...settings(dir), INIT_CWD: caller } }));

type Line = {
  readonly label: string;
  readonly count: number;
  readonly totals: readonly { readonly amount: string }[];
};

async function summary(url: string): Promise<readonly (readonly [string, number, number])[]> {
  const document = '{ opportunitySummary(groupBy: STAGE) { label count totals { amount } } }';
  const { opportunitySummary: lines } = await data<{ opportunitySummary: Line[] }>(url, document);
  return lines
    .map(({ label, count, totals }) => [label, count, Number(totals[0]?.amount ?? 0)] as const)
    .sort();
}

/** What the file says. */
const expected = (['Asked', 'Gone', 'Sold'] as const).map((stage, i) => {
  const state = (['open', 'gone', 'sold'] as const)[i];
  const rows = Array.from({ length: ROWS }, (_, row) => row).filter(row => STATES[row % 3] === state);
  return [stage, rows.length, state === 'open' ? 0 : rows.reduce((sum, row) => sum + row, 0)] as const;
});

const count = async (url: string): Promise<number> =>
  (await data<{ opportunities: { totalCount: number } }>(url, '{ opportunities { totalCount } }'))
    .opportunities.totalCount;

async function inTheMiddle(url: string, importer: Program): Promise<void> {
  await eventually('it is in the middle', async () => (await count(url)) > ROWS / 10, importer);
  expect(importer.hasEnded(), 'it has not ended yet').toBe(false);
}

let app: Running;

test('kill -9 of the importer, again: every row is there once, and a third time changes nothing', async () => {
  app = await bed.start({ dir: await bed.folder() });
  const first = importInto(app.dir);
  await inTheMiddle(app.url, first);
  expect((await stop(first, 'SIGKILL')).signal).toBe('SIGKILL');
  expect(await count(app.url)).toBeLessThan(ROWS);

  const second = await importInto(app.dir).ended;
  expect(second.code, second.err).toBe(0);
  // It has waited until the read models show it.
  expect(await summary(app.url)).toEqual(expected);
  const third = await importInto(app.dir).ended;
  expect([third.code, third.out]).toEqual([0, expect.stringContaining('Nothing changed')]);
  expect(await summary(app.url)).toEqual(expected);
});

test('a bad cell: code 2, and the report in the caller’s folder says why', async () => {
  const args = ['import', 'second.json', '--from', 'small', '--report', 'why.csv'];
  const { code, out } = await importInto(app.dir, args).ended;
  expect(code).toBe(2);
  expect(out).toContain(`1 row was rejected; ${join(caller, 'why.csv')} says why`);
  expect(await readFile(join(caller, 'why.csv'), 'utf8')).toMatch(
    /^orders\.csv,\d,rejected,worth,\w+,much,/m,
  );
});

test('kill -9 of the instance: the importer says so, and goes on with the next one', async () => {
  await stop(app);
  app = await bed.start({ dir: await bed.folder() });
  const first = importInto(app.dir);
  await inTheMiddle(app.url, first);
  await stop(app, 'SIGKILL');
  const { code, err } = await first.ended;
  expect(code, err).toBe(1);
  expect(err).toMatch(
    /^The import stopped: the event store did not answer\. Start .*, and run the same import again; .*\n$/,
  );

  app = await bed.start({ dir: app.dir });
  expect(await count(app.url)).toBeLessThan(ROWS);
  expect((await importInto(app.dir).ended).code).toBe(0);
  expect(await summary(app.url)).toEqual(expected);
});

test('while the read models are held up it waits; Ctrl-C ends that, as the end of the instance does', async () => {
  const letGo = await holdUp(app.postgresUrl);
  bed.atEnd(letGo);
  const third = async () => {
    const importer = importInto(app.dir, ['import', 'third.json', '--from', 'small']);
    await eventually('all rows are in', () => importer.out().includes('third: '), importer);
    return importer;
  };
  const interrupted = await stop(await third(), 'SIGINT');
  expect([interrupted.code, interrupted.err]).toEqual([130, '']);

  const orphan = await third();
  await stop(app, 'SIGKILL');
  const { code, err } = await orphan.ended;
  expect([code, err]).toEqual([
    1,
    'All that was sent is in the event store, but no read model shows it yet (Relata has ended); start Relata, and they catch up.\n',
  ]);
});

test('without an instance: kill -9 of the importer, Ctrl-C through npm, and at last the whole', async () => {
  const dir = await bed.folder();
  const killed = importInto(dir);
  await inTheMiddleOf(dir, killed);
  await stop(killed, 'SIGKILL');

  // A terminal sends it to the whole group, and npm passes on what it gets.
  const npm = ['--prefix', CHECKOUT, 'run', '--silent', 'relata', '--', ...IMPORT];
  const interrupted = bed.use(run('npm', npm, { cwd: caller, env: settings(dir), detached: true }));
  await inTheMiddleOf(dir, interrupted, await rowsIn(dir));
  process.kill(-interrupted.pid, 'SIGINT');
  const { code, out } = await interrupted.ended;
  expect(code, out).toBe(130);
  expect(out).toContain('Stopped before the end. Run the same import again');
  expect(postgresProcesses(dir)).toEqual([]);

  const whole = await importInto(dir).ended;
  expect(whole.code, whole.err).toBe(0);
  expect(postgresProcesses(dir)).toEqual([]);
  app = await bed.start({ dir });
  expect(await summary(app.url)).toEqual(expected);
  await stop(app);
});

/** Rows are seen in the Postgres that the importer has started. */
async function inTheMiddleOf(dir: string, importer: Program, more = 0): Promise<void> {
  await eventually('it is in the middle', async () => (await rowsIn(dir)) > more + ROWS / 10, importer);
  expect(importer.hasEnded(), 'it has not ended yet').toBe(false);
}

let seen = 0;
/** As many as were seen last where it doesn't answer: it is not up yet, or was just killed. */
async function rowsIn(dir: string): Promise<number> {
  try {
    const port = await readFile(join(dir, 'ports', 'postgres'), 'utf8');
    const password = await readFile(join(dir, 'keys', 'postgres.password'), 'utf8');
    const url = `postgres://relata:${password.trim()}@127.0.0.1:${port}/relata`;
    seen = Number((await query(url, 'SELECT count(*) AS count FROM crm.opportunities'))[0]?.count);
  } catch {
    return seen;
  }
  return seen;
}
