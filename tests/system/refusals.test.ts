/** What a person can put right is told in one sentence, with code 1, and nothing is left half-written. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../src/runtime/ports.ts';
import { copyOf, makeBed, postgresProcesses, type Running, settings, stop } from './support/bed.ts';
import { type RunOptions, relata } from './support/program.ts';
import { query } from './support/sql.ts';

const bed = makeBed();
/** A folder of this version that was started and stopped. */
let template: string;
let running: Running;

beforeAll(async () => {
  template = await bed.folder();
  await stop(await bed.start({ dir: template }));
  running = await bed.start({ dir: await copyOf(template, await bed.folder()) });
});

/** What it says, which is one line. */
async function refusalOf(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, err } = await bed.use(relata(args, options)).ended;
  expect(code, err).toBe(1);
  expect(err.trimEnd().split('\n'), 'one line').toHaveLength(1);
  return err.trimEnd();
}

const refusedStart = (dir: string, env: NodeJS.ProcessEnv = {}) =>
  refusalOf(['start'], { env: settings(dir, env) });

/** All that is in it but Postgres and what its start leaves. */
async function contentOf(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir, { recursive: true }))
    .filter(name => !/^(postgres|logs|ports|keys.postgres)/.test(name))
    .sort();
  const contents = await Promise.all(
    names.map(name => readFile(join(dir, name), 'base64').catch(() => 'a folder')),
  );
  return Object.fromEntries(names.map((name, i) => [name, contents[i] ?? '']));
}

describe('a data folder', () => {
  test('that another instance runs on: it is named, and goes on', async () => {
    const { dir, pid, url } = running;
    expect(await refusedStart(dir)).toBe(
      `Process ${pid} already runs Relata on the data folder ${dir}; stop it first, or set RELATA_DATA_DIR to another folder.`,
    );
    expect((await fetch(new URL('/readyz', url))).status).toBe(200);
  });

  test.each([
    [
      'of another format',
      'relata.json',
      '{"format":2,"createdAt":"2030-01-01","createdBy":"9.9.9"}',
      /has format 2 and this Relata reads format 1; start it with the version that wrote it \(9\.9\.9\)/,
    ],
    [
      'whose note of its format is damaged',
      'relata.json',
      '{"format":',
      /isn't what Relata wrote; restore it from a backup/,
    ],
    [
      'whose master key is damaged',
      'keys/master.key',
      'short',
      /^The master key .*master\.key is damaged; restore it from a backup\.$/,
    ],
    ['whose events are damaged', 'eventstore/events.db', 'no database', /eventstore/],
  ])('%s', async (_, file, content, sentence) => {
    const dir = await copyOf(template, await bed.folder());
    await writeFile(join(dir, file), content);
    const before = await contentOf(dir);
    expect(await refusedStart(dir)).toMatch(sentence);
    expect(await contentOf(dir)).toEqual(before);
    expect(postgresProcesses(dir)).toEqual([]);
  });

  test('whose master key is missing', async () => {
    const dir = await copyOf(template, await bed.folder());
    await rm(join(dir, 'keys/master.key'));
    expect(await refusedStart(dir)).toMatch(
      /master\.key is missing; restore it from a backup, or set RELATA_MASTER_KEY/,
    );
    expect(await readdir(join(dir, 'keys'))).not.toContain('master.key');
  });

  test('that is somebody else’s', async () => {
    const dir = await bed.folder();
    await writeFile(join(dir, 'thesis.txt'), 'years of work');
    expect(await refusedStart(dir)).toMatch(
      /isn't empty and isn't a Relata data folder; set RELATA_DATA_DIR/,
    );
    expect(await readdir(dir)).toEqual(['thesis.txt']);
  });
});

test('a port in use: Postgres and the event store are stopped again, and another port does', async () => {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  bed.atEnd(async () => server.close());
  const { port } = server.address() as { port: number }; // it listens on TCP
  const dir = await copyOf(template, await bed.folder());
  expect(await refusedStart(dir, { RELATA_PORT: String(port) })).toBe(
    `Port ${port} is in use; stop what listens there, or set RELATA_PORT to another (0 takes a free one).`,
  );
  expect(postgresProcesses(dir)).toEqual([]);
  await stop(await bed.start({ dir }));
});

describe('a server elsewhere', () => {
  test.concurrent('no event store answers there', async () => {
    const dir = await bed.folder();
    const port = await freePort();
    const err = await refusedStart(dir, {
      RELATA_EVENTSTORE_URL: `esdb://ann:hunter2@127.0.0.1:${port}?tls=false`,
    });
    expect(err).toMatch(`The event store at esdb://127.0.0.1:${port} can't be used (connect ECONNREFUSED`);
    expect(err).toContain('correct or unset RELATA_EVENTSTORE_URL');
    expect(await readdir(dir)).not.toContain('postgres');
  });

  test.concurrent('no Postgres answers there', async () => {
    const dir = await bed.folder();
    const port = await freePort();
    const err = await refusedStart(dir, {
      RELATA_POSTGRES_URL: `postgres://ann:hunter2@127.0.0.1:${port}/crm`,
    });
    expect(err).toMatch(`Postgres at postgres://127.0.0.1:${port}/crm can't be used (connect ECONNREFUSED`);
    expect(err).not.toContain('hunter2');
    expect(await readdir(dir)).not.toContain('eventstore');
  });

  test.concurrent('one that speaks another protocol', async () => {
    const { host } = new URL(running.url);
    const err = await refusedStart(await bed.folder(), { RELATA_EVENTSTORE_URL: `esdb://${host}?tls=false` });
    expect(err).toContain(`The event store at esdb://${host} can't be used`);
  });

  test('a wrong password, which is not repeated', async () => {
    const url = new URL(running.postgresUrl);
    url.password = 'hunter2';
    const err = await refusedStart(await bed.folder(), { RELATA_POSTGRES_URL: url.href });
    expect(err).toContain('password authentication failed');
    expect(err).not.toContain('hunter2');
  });

  test('a database of a newer Relata, by its tables or by its read models', async () => {
    const dir = await copyOf(template, await bed.folder());
    const app = await bed.start({ dir });
    await query(app.postgresUrl, `UPDATE relata.builds SET version = 99 WHERE model = 'accounts'`);
    await stop(app);
    expect(await refusedStart(dir)).toMatch(
      /^This database has version 99 of the read model accounts, .*; start the newer Relata\.$/,
    );

    const again = await bed.start({ dir: await copyOf(template, await bed.folder()) });
    await query(again.postgresUrl, `INSERT INTO relata.migrations VALUES ('9999-beyond', now())`);
    await stop(again);
    expect(await refusedStart(again.dir)).toBe(
      'This database was migrated by a newer Relata (9999-beyond); start that version or a later one.',
    );
    expect(postgresProcesses(again.dir)).toEqual([]);
  });
});

describe('a setting', () => {
  test.each([
    ['RELATA_PORT', 'http', 'RELATA_PORT must be a whole number from 0 to 65535 (0 means any free port).'],
    [
      'RELATA_POSTGRES_URL',
      'mysql://root:hunter2@localhost',
      /^RELATA_POSTGRES_URL must begin with postgres:\/\/ /,
    ],
    [
      'RELATA_EVENTSTORE_URL',
      'esdb://admin:hunter2@host:port',
      /^The connection string esdb:\/\/host:port is malformed/,
    ],
  ])('%s=%s', async (name, value, sentence) => {
    const dir = join(await bed.folder(), 'data');
    const err = await refusedStart(dir, { [name]: value });
    expect(err).toMatch(sentence);
    expect(err).not.toContain('hunter2');
  });

  test('another master key than the folder’s own', async () => {
    const err = await refusedStart(await copyOf(template, await bed.folder()), {
      RELATA_MASTER_KEY: Buffer.alloc(32).toString('base64'),
    });
    expect(err).toMatch(/^RELATA_MASTER_KEY isn't the key that this data folder was made with/);
  });
});

describe('the command line', () => {
  test.each([
    ['an unknown option', ['start', '--foo'], /^Unknown option '--foo'/],
    ['an argument that nothing takes', ['start', 'now'], /^Unexpected argument 'now'/],
    [
      'an unknown option of an import',
      ['import', 'plan.json', '--from', '.', '--force'],
      /^Unknown option '--force'/,
    ],
  ])('%s: what it is, and where to read on', async (_, args, sentence) => {
    const { code, err } = await bed.use(relata(args, { env: settings(await bed.folder()) })).ended;
    expect(code).toBe(1);
    expect(err).toMatch(sentence);
    expect(err).not.toMatch(/^ +at /m);
  });

  test('an unknown command: the list of those that there are', async () => {
    const { code, out, err } = await bed.use(relata(['frobnicate'])).ended;
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^There is no command "frobnicate"\.\nUsage: .*\n\n/);
    expect(err).toMatch(/^ {2}start \[--demo\] +Start everything/m);
  });

  test('help, of all and of one', async () => {
    const all = await bed.use(relata([])).ended;
    expect([all.code, all.err]).toEqual([0, '']);
    expect(all.out).toMatch(/^ {2}import PLAN --from FOLDER/m);
    const one = await bed.use(relata(['start', '--help'])).ended;
    expect([one.code, one.out]).toEqual([0, expect.stringMatching(/^relata start \[--demo\]\n\n/)]);
  });
});
