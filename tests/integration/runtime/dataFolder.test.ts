import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openDataFolder } from '../../../src/runtime/dataFolder.ts';
import { readRunningInstance } from '../../../src/runtime/instance.ts';
import { closedAfterTest, kill, refused, startOwner, temporaryFolder } from './support.ts';

const now = () => new Date('2026-01-02T03:04:05Z');
const running = {
  url: 'http://127.0.0.1:4000',
  eventStoreUrl: 'esdb://x',
  postgresUrl: 'postgres://x',
  startedAt: now().toISOString(),
};

async function open(dir: string, masterKey?: Uint8Array) {
  return closedAfterTest(
    await openDataFolder({ dir, appVersion: '1.2.3', now, ...(masterKey ? { masterKey } : {}) }),
  );
}

async function mode(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

describe('a first start', () => {
  test('makes the folder, its format and its key, for the owner only', async () => {
    const dir = join(await temporaryFolder(), 'deep', 'data');
    const folder = await open(dir);
    expect(JSON.parse(await readFile(join(dir, 'relata.json'), 'utf8'))).toEqual({
      format: 1,
      createdAt: '2026-01-02T03:04:05.000Z',
      createdBy: '1.2.3',
    });
    expect(folder.masterKey).toHaveLength(32);
    expect(await mode(join(dir, 'keys'))).toBe(0o700);
    expect(await mode(join(dir, 'keys', 'master.key'))).toBe(0o600);
  });

  test('with a key given keeps none of its own', async () => {
    const dir = await temporaryFolder();
    const folder = await open(dir, new Uint8Array(32).fill(9));
    expect(folder.masterKey).toEqual(new Uint8Array(32).fill(9));
    expect(await readdir(join(dir, 'keys'))).toEqual([]);
  });

  test('that was cut short is finished by the next one, with the same key', async () => {
    const dir = await temporaryFolder();
    const first = await open(dir);
    await first.close();
    await rm(join(dir, 'relata.json'));
    expect((await open(dir)).masterKey).toEqual(first.masterKey);
    expect(await readdir(dir)).toContain('relata.json');
  });
});

describe('a later start', () => {
  test('finds the same key', async () => {
    const dir = await temporaryFolder();
    const first = await open(dir);
    await first.close();
    expect((await open(dir)).masterKey).toEqual(first.masterKey);
  });

  test('never makes a new key for an old folder', async () => {
    const dir = await temporaryFolder();
    await (await open(dir)).close();
    await rm(join(dir, 'keys', 'master.key'));
    expect(await refused(open(dir))).toMatchObject({
      code: 'MASTER_KEY_MISSING',
      message: expect.stringContaining('restore it from a backup'),
    });
  });

  test('refuses another key than the stored one, and a damaged one', async () => {
    const dir = await temporaryFolder();
    await (await open(dir)).close();
    expect(await refused(open(dir, new Uint8Array(32)))).toMatchObject({ code: 'MASTER_KEY_DIFFERS' });
    await writeFile(join(dir, 'keys', 'master.key'), 'short');
    expect(await refused(open(dir))).toMatchObject({ code: 'MASTER_KEY_DAMAGED' });
  });
});

describe('a folder is refused', () => {
  test('of another format, naming both and the version that wrote it', async () => {
    const dir = await temporaryFolder();
    await writeFile(
      join(dir, 'relata.json'),
      JSON.stringify({ format: 2, createdAt: '2030-01-01T00:00:00Z', createdBy: '9.0.0' }),
    );
    const { code, message } = await refused(open(dir));
    expect(code).toBe('DATA_FOLDER_FORMAT');
    expect(message).toBe(
      `The data folder ${dir} has format 2 and this Relata reads format 1; start it with the version that wrote it (9.0.0), or set RELATA_DATA_DIR to another folder.`,
    );
    expect(await readdir(dir)).toEqual(['relata.json']);
  });

  test.each(['', '{"format":', '{"format":"1"}'])('whose format file is damaged: %j', async content => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'relata.json'), content);
    expect(await refused(open(dir))).toMatchObject({ code: 'DATA_FOLDER_DAMAGED' });
  });

  test("that isn't ours and isn't empty, and nothing is written into it", async () => {
    const dir = await temporaryFolder();
    await mkdir(join(dir, 'keys'));
    await writeFile(join(dir, 'thesis.txt'), 'years of work');
    expect(await refused(open(dir))).toMatchObject({ code: 'DATA_FOLDER_FOREIGN' });
    expect((await readdir(dir)).sort()).toEqual(['keys', 'thesis.txt']);
  });

  test('when it is a file', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'data'), '');
    expect(await refused(open(join(dir, 'data')))).toMatchObject({ code: 'DATA_FOLDER_UNUSABLE' });
    expect(await refused(open(join(dir, 'data', 'below')))).toMatchObject({ code: 'DATA_FOLDER_UNUSABLE' });
  });
});

describe('one instance a folder', () => {
  test('a second one is refused naming the first, and let in after kill -9 of it', async () => {
    const dir = await temporaryFolder();
    const owner = await startOwner(dir, 'folder');
    const refusal = await refused(open(dir));
    expect(refusal.code).toBe('ALREADY_RUNNING');
    expect(refusal.message).toBe(
      `Process ${owner.child.pid} already runs Relata on the data folder ${dir}; stop it first, or set RELATA_DATA_DIR to another folder.`,
    );
    await kill(owner.child, 'SIGKILL');
    await open(dir);
  });

  test('of many that start at once exactly one gets in', async () => {
    const dir = await temporaryFolder();
    const answers = (await Promise.all([1, 2, 3, 4].map(() => startOwner(dir, 'folder')))).map(
      owner => owner.answer,
    );
    expect(answers.filter(answer => answer.ready)).toHaveLength(1);
    expect(answers.filter(answer => answer.refused?.code === 'ALREADY_RUNNING')).toHaveLength(3);
  });

  test('a second one in the same process is refused too', async () => {
    const dir = await temporaryFolder();
    const first = await open(dir);
    expect(await refused(open(dir))).toMatchObject({ code: 'ALREADY_RUNNING' });
    await first.close();
    await first.close();
    await open(dir);
  });
});

describe('the running instance', () => {
  test('is found once it is announced, and not after it closed', async () => {
    const dir = await temporaryFolder();
    const folder = await open(dir);
    expect(await readRunningInstance(dir)).toBeUndefined();
    await folder.announce(running);
    expect(await mode(join(dir, 'run.json'))).toBe(0o600);
    expect(await readRunningInstance(dir)).toEqual({ pid: process.pid, ...running });
    await folder.close();
    expect(await readdir(dir)).not.toContain('run.json');
    expect(await readRunningInstance(dir)).toBeUndefined();
  });

  test('is not found where there is no folder', async () => {
    expect(await readRunningInstance(join(await temporaryFolder(), 'none'))).toBeUndefined();
  });

  test('is not found after kill -9', async () => {
    const dir = await temporaryFolder();
    const owner = await startOwner(dir, 'folder');
    expect(await readRunningInstance(dir)).toMatchObject({ pid: owner.child.pid });
    await kill(owner.child, 'SIGKILL');
    expect(await readdir(dir)).toContain('run.json');
    expect(await readRunningInstance(dir)).toBeUndefined();
  });

  test('is not mistaken for a later process with its pid', async () => {
    const dir = await temporaryFolder();
    const folder = await open(dir);
    await folder.announce(running);
    const path = join(dir, 'run.json');
    const note = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify({ ...note, processIdentity: `${note.processIdentity}0` }));
    expect(await readRunningInstance(dir)).toBeUndefined();
  });
});
