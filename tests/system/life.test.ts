/** The life of an instance on one data folder: started, stopped, killed, and started again, with nothing lost. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { lockDataFolder } from '../../src/runtime/instance.ts';
import { processIdentity } from '../../src/runtime/processes.ts';
import { makeBed, postgresProcesses, type Running, stop } from './support/bed.ts';
import { eventually } from './support/program.ts';
import { nameOf, type Recorded, readyz, registerAccount, totals } from './support/sales.ts';

const bed = makeBed();
let dir: string;
let app: Running;
/** Of the demo data and what the tests add. */
let known: Readonly<Record<string, number>>;

beforeAll(async () => {
  dir = await bed.folder();
  app = await bed.start({ dir, args: ['--demo'] });
});

/** Nothing is left of it but its data. */
async function leavesNothing(): Promise<void> {
  expect(postgresProcesses(dir)).toEqual([]);
  expect(await readdir(dir)).not.toContain('run.json');
  expect(await readdir(dir)).not.toContain('relata.pid');
  const unlock = await lockDataFolder(dir);
  await unlock();
}

const postmaster = async (): Promise<number> =>
  Number((await readFile(join(dir, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);

async function another(): Promise<Recorded> {
  const account = await registerAccount(app.url, 'Nordwind');
  known = { ...known, accounts: (known.accounts ?? 0) + 1 };
  return account;
}

test('a first start with --demo says where to go, and is ready with data in it', async () => {
  expect(app.out()).toContain(`Home      ${app.url}`);
  expect(app.out()).toContain(`GraphQL   ${app.url}/graphql`);
  expect(app.out()).toContain(`Data      ${dir}`);
  expect((await fetch(new URL('/livez', app.url))).status).toBe(200);
  expect(await readyz(app.url)).toEqual({
    status: 200,
    body: {
      status: 'ready',
      parts: { eventStore: { ok: true }, postgres: { ok: true }, projector: { ok: true } },
    },
  });
  known = await totals(app.url);
  for (const [name, count] of Object.entries(known)) expect(count, name).toBeGreaterThan(0);
});

test('a command works only for who waits for it, and SIGTERM stops everything', async () => {
  const account = await another();
  expect(await nameOf(app.url, account)).toBe('Nordwind');
  const { code, err } = await stop(app);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  await leavesNothing();
});

test('a second start finds everything, and --demo adds nothing to it', async () => {
  app = await bed.start({ dir, args: ['--demo'] });
  expect(await totals(app.url)).toEqual(known);
});

test('after kill -9 the next start has all that was acknowledged, and ends the Postgres that was left', async () => {
  const account = await another();
  const left = await postmaster();
  expect((await stop(app, 'SIGKILL')).signal).toBe('SIGKILL');
  expect(processIdentity(left)).toBeDefined();
  app = await bed.start({ dir });
  expect(processIdentity(left)).toBeUndefined();
  expect(await nameOf(app.url, account)).toBe('Nordwind');
  expect(await totals(app.url)).toEqual(known);
});

test('so it has after kill -9 of it and of all its Postgres', async () => {
  const account = await another();
  const left = postgresProcesses(dir);
  expect(left.length).toBeGreaterThan(3);
  for (const pid of [app.pid, ...left]) process.kill(pid, 'SIGKILL');
  await app.ended;
  app = await bed.start({ dir });
  expect(await nameOf(app.url, account)).toBe('Nordwind');
  expect(await totals(app.url)).toEqual(known);
});

test('when Postgres alone is killed it ends with one sentence and code 1, and leaves nothing', async () => {
  process.kill(await postmaster(), 'SIGKILL');
  const { code, err } = await app.ended;
  expect(err).toBe(
    `Postgres ended by itself (by SIGKILL); see ${dir}/logs/postgres.log, then start Relata again.\n`,
  );
  expect(code).toBe(1);
  await eventually('the rest of Postgres has gone', () => postgresProcesses(dir).length === 0);
  await leavesNothing();
});

test('and then starts again, until Ctrl-C', async () => {
  app = await bed.start({ dir });
  expect(await totals(app.url)).toEqual(known);
  const { code, err } = await stop(app, 'SIGINT');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  await leavesNothing();
  expect(existsSync(join(dir, 'relata.json'))).toBe(true);
});
