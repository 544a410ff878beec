/** The command, as a user runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { jsonEvent } from '@eventstore/db-client';
import { describe, expect, it } from 'vitest';
import { all, cleanUp, connect, newFolder } from './support.ts';

const COMMAND = join(import.meta.dirname, '../bin/relata-embedded-eventstore.js');

type Run = {
  child: ChildProcess;
  out: () => string;
  ended: Promise<{ code: number | null; out: string; err: string }>;
};

function run(args: readonly string[], nodeArgs: readonly string[] = []): Run {
  const child = spawn(process.execPath, [...nodeArgs, COMMAND, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  cleanUp(() => void child.kill('SIGKILL'));
  let [out, err] = ['', ''];
  child.stdout.on('data', chunk => {
    out += chunk;
  });
  child.stderr.on('data', chunk => {
    err += chunk;
  });
  const ended = new Promise<{ code: number | null; out: string; err: string }>(resolve =>
    child.once('close', code => resolve({ code, out, err })),
  );
  return { child, out: () => out, ended };
}

async function serve(...args: string[]) {
  const { child, out, ended } = run([...args, '--port', '0']);
  await expect.poll(out, { timeout: 20_000 }).toMatch(/^esdb:\/\/127\.0\.0\.1:\d+\?tls=false\n$/);
  return { client: connect(out().trim()), child, ended };
}
const note = jsonEvent({ type: 'Noted', data: {} });

describe('relata-embedded-eventstore', () => {
  it('serves a folder until it is asked to stop, and may be verified and backed up meanwhile', async () => {
    const [dataDir, copy] = [join(newFolder(), 'db'), join(newFolder(), 'copy')];
    const { client, child, ended } = await serve('--db', dataDir);
    await client.appendToStream('order-1', note);
    expect(await run(['verify', '--db', dataDir]).ended).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^3 events in 3 streams/),
    });
    expect(await run(['backup', '--db', dataDir, '--to', copy]).ended).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^3 events/),
    });
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, err: '' });
    const again = await serve('--db', copy, '--no-by-category');
    expect(await all(again.client.readStream('order-1'))).toHaveLength(1);
  });

  it('serves from memory, without links when that is asked for', async () => {
    const { client, child, ended } = await serve('--in-memory', '--no-by-category');
    await client.appendToStream('order-1', note);
    expect(await all(client.readAll())).toHaveLength(1);
    child.kill('SIGINT');
    expect((await ended).code).toBe(0);
  });

  it('says with another exit code that what it verified is damaged', async () => {
    const dataDir = newFolder();
    const { client, child, ended } = await serve('--db', dataDir);
    await client.appendToStream('numbers', [note, { ...note, id: 'd8c4e0a2-6b35-4b2a-9a3c-0a7f5d8f5c11' }]);
    child.kill('SIGTERM');
    await ended;
    const db = new DatabaseSync(join(dataDir, 'events.db'));
    db.exec('DELETE FROM events WHERE position = 1');
    db.close();
    expect(await run(['verify', '--db', dataDir]).ended).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^Position 1 is missing/),
    });
  });

  it.each<[string[], RegExp]>([
    [[], /name either --db DIR or --in-memory/],
    [['--in-memory', '--db', 'x'], /name either --db DIR or --in-memory/],
    [['--in-memory', '--port', 'many'], /'many' is no port/],
    [['--in-memory', '--port', '65536'], /'65536' is no port/],
    [['--fast'], /Unknown option '--fast'/],
    [['destroy'], /there is no command 'destroy'/],
    [['verify'], /--db is missing/],
    [['verify', 'all', '--db', 'x'], /'all' is one word too many/],
    [
      ['verify', '--db', '/nowhere/to/be/found'],
      /^\/nowhere\/to\/be\/found holds no event store: name the folder of one\.\n$/,
    ],
    [['backup', '--db', 'x'], /--to is missing/],
  ])('refuses %j with a sentence', async (args, sentence) => {
    const { code, err } = await run(args).ended;
    expect(code).toBe(1);
    expect(err).toMatch(sentence);
    expect(err).not.toMatch(/^ {4}at /m);
  });

  it('explains itself', async () => {
    expect(await run(['--help']).ended).toMatchObject({
      code: 0,
      out: expect.stringMatching(/--no-by-category/),
    });
  });

  it('says that it needs a newer Node', async () => {
    const older = join(newFolder(), 'older.mjs');
    writeFileSync(older, "Object.defineProperty(process.versions, 'node', { value: '20.19.0' });");
    const { code, err } = await run(['--help'], ['--import', older]).ended;
    expect(code).toBe(1);
    expect(err).toMatch(/needs Node\.js 24 or later/);
  });
});
