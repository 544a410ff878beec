/** `relata rebuild`, as a user calls it. */
import { beforeAll, describe, expect, test } from 'vitest';
import { loadReadModels } from '../../src/projections/catalog.ts';
import { makeBed, postgresProcesses, type Running, settings, stop } from './support/bed.ts';
import { eventually, relata } from './support/program.ts';
import { nameOf, type Recorded, registerAccount } from './support/sales.ts';
import { holdOpen, query } from './support/sql.ts';

const bed = makeBed();
let app: Running;
let account: Recorded;

beforeAll(async () => {
  app = await bed.start({ dir: await bed.folder() });
  account = await registerAccount(app.url, 'Nordwind');
});

const rebuild = (dir: string, ...args: readonly string[]) =>
  bed.use(relata(['rebuild', ...args], { env: settings(dir) }));

/** The builds of a model that there are, from the first on: `active`, `building`. */
async function buildsOf(model: string): Promise<readonly unknown[]> {
  const rows = await query(
    app.postgresUrl,
    `SELECT build || ' ' || status AS build FROM relata.builds WHERE model = '${model}' AND status <> 'retired' ORDER BY 1`,
  );
  return rows.map(({ build }) => build);
}

describe('a running instance', () => {
  test('builds what is named, and shows it', async () => {
    const { code, out, err } = await rebuild(app.dir, 'accounts', 'stages').ended;
    expect([code, err]).toEqual([0, '']);
    expect(out.trim().split('\n').sort()).toEqual([
      'accounts is built anew and shown.',
      'stages is built anew and shown.',
    ]);
    expect([await buildsOf('accounts'), await buildsOf('users')]).toEqual([['2 active'], ['1 active']]);
    expect(await nameOf(app.url, account)).toBe('Nordwind');
  });

  test('goes on when the command is interrupted', async () => {
    const letGo = await holdOpen(app.postgresUrl, 'SELECT FROM crm.users'); // so it can't be switched
    const command = rebuild(app.dir, 'users');
    await eventually('it is asked', async () => (await buildsOf('users')).length === 2, command);
    const { code, out, err } = await stop(command, 'SIGINT');
    expect([code, out]).toEqual([130, '']);
    expect(err).toMatch(/goes on in the running instance/);
    expect(await buildsOf('users')).toEqual(['1 active', '2 building']);
    await letGo();
    await eventually('it is shown', async () => (await buildsOf('users')).join() === '2 active');
  });

  test('that projects nothing leaves it to one that does, and the command says so', async () => {
    const dir = await bed.folder();
    await bed.start({ dir, env: { RELATA_ROLES: 'api' }, until: 'listening' });
    const { code, err } = await rebuild(dir, 'accounts').ended;
    expect(code).toBe(1);
    expect(err).toMatch(/^No projector is running; .*\n$/);
  });
});

test.each([
  [['accnts'], /^There is no read model accnts; there are accountParents, accounts, .*\.\n$/],
  [[], /^Name read models, or say --all; there are accountParents, .*\.\n$/],
  [['accounts', '--all'], /^Name read models, or say --all; /],
  [['--everything'], /Unknown option '--everything'/],
])('%j is refused before anything is begun', async (args, message) => {
  const dir = await bed.folder();
  const { code, out, err } = await rebuild(`${dir}/none`, ...args).ended;
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(message);
});

test('where nothing runs, the stores are started for it, and stopped', async () => {
  await stop(app);
  const { code, out } = await rebuild(app.dir, '--all').ended;
  expect(code).toBe(0);
  expect(out.trim().split('\n')).toHaveLength((await loadReadModels()).length);
  expect(postgresProcesses(app.dir)).toEqual([]);
  app = await bed.start({ dir: app.dir });
  expect(await nameOf(app.url, account)).toBe('Nordwind');
  expect(await buildsOf('accounts')).toEqual(['3 active']);
});
