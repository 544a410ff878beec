/** `relata verify`, `proof` and `witness`, as an operator and an auditor call them; and a log that somebody has changed. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { copyOf, makeBed, type Running, settings, stop } from './support/bed.ts';
import { data } from './support/graphql.ts';
import { eventually, relata } from './support/program.ts';
import { type Recorded, registerAccount } from './support/sales.ts';
import { query } from './support/sql.ts';

const bed = makeBed();
let app: Running;
let account: Recorded;
let witness: string;
/** The data folder as it was when it was stopped, and the witness with it. */
let stopped: string;

const call = (dir: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  bed.use(relata(args, { env: settings(dir, env) })).ended;

const heads = async () =>
  (await data<{ treeHeads: { nodes: { size: number }[] } }>(app.url, '{ treeHeads { nodes { size } } }'))
    .treeHeads.nodes;
const filesOf = (folder: string) => {
  try {
    return readdirSync(join(folder, 'default')).sort();
  } catch {
    return [];
  }
};

/** Six accounts, a head for every three of them, and each written for the witness by itself. */
beforeAll(async () => {
  const dir = await bed.folder();
  witness = join(await bed.folder(), 'heads');
  app = await bed.start({ dir, env: { RELATA_HEAD_EVENTS: '3', RELATA_WITNESS_DIR: witness } });
  for (let i = 1; i <= 6; i++) account = await registerAccount(app.url, `Account ${i}`);
  await eventually(
    'the heads are with the witness',
    async () => {
      const sizes = (await heads()).map(({ size }) => size);
      return sizes.some(size => size >= 6) && filesOf(witness).length === sizes.length;
    },
    app,
  );
});

describe('a running instance', () => {
  test('verifies, beside a witness that it wrote to', async () => {
    const { code, out, err } = await call(app.dir, ['verify', '--witness', witness]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^\d+ events in \d+ streams were read, \d+ rows and versions compared\.\n/);
    expect(out).toMatch(/All is as it was written\.\n$/);
  });
  test('says in JSON what it has looked at', async () => {
    const { code, out } = await call(app.dir, ['verify', '--json']);
    const report = JSON.parse(out) as {
      ok: boolean;
      events: number;
      rows: number;
      trees: { size: number }[];
      findings: unknown[];
      remarks: { code: string }[];
    };
    expect(report).toMatchObject({
      ok: true,
      findings: [],
      trees: [{ workspaceId: 'default', size: report.events }],
    });
    expect([code, report.rows > 6, report.remarks.map(({ code: remark }) => remark)]).toEqual([
      0,
      true,
      expect.arrayContaining(['NO_WITNESS']),
    ]);
  });
  test('verifies from a head on', async () => {
    const [size] = (await heads()).map(each => each.size).sort((a, b) => a - b);
    const { code, out } = await call(app.dir, ['verify', '--since', `${size}`, '--json']);
    const report = JSON.parse(out) as { events: number; trees: { size: number }[] };
    expect([code, report.events]).toEqual([0, report.trees[0]!.size - size!]);
    const { code: refused, err } = await call(app.dir, ['verify', '--since', '9999']);
    expect([refused, err]).toEqual([1, expect.stringContaining('There is no head of 9999 events')]);
  });
  test('names a row that was changed, and ends with 1', async () => {
    const schema = (
      await query(app.postgresUrl, `SELECT schema_name AS name FROM relata.builds WHERE model = 'accounts'`)
    )[0]?.name;
    const set = (name: string) =>
      query(app.postgresUrl, `UPDATE "${schema}".rows SET name = '${name}' WHERE id = '${account.id}'`);
    await set('Forged');
    const { code, out } = await call(app.dir, ['verify']);
    await set('Account 6');
    expect(code).toBe(1);
    expect(out).toMatch(
      new RegExp(
        `ROW_DIFFERS: the row ${account.id} of accounts, .* in name\\.\n1 thing is not as they were`,
      ),
    );
  });
  test('gives proofs that are checked where there is neither store nor data folder', async () => {
    const file = join(await bed.folder(), 'proof.json');
    const exported = await call(app.dir, ['proof', 'export', `account/${account.id}`, '--to', file]);
    expect([exported.code, exported.out]).toEqual([0, `1 events are proven in ${file}.\n`]);
    const nowhere = join(await bed.folder(), 'nothing');
    const check = (...more: string[]) => call(nowhere, ['proof', 'check', file, ...more]);
    expect(await check()).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^1 event is among the first \d+ of workspace default/),
    });
    expect(await check('--witness', witness)).toMatchObject({
      code: 0,
      out: expect.stringContaining('The witness holds this head.'),
    });

    const forged = readFileSync(file, 'utf8').replace('Account 6', 'Account 7');
    await writeFile(file, forged);
    expect(await check()).toMatchObject({ code: 1, out: expect.stringContaining('is not event') });
    expect(statSync(app.dir).isDirectory() && readdirSync(join(nowhere, '..'))).toEqual([]);
  });
  test('proves one event by its id, against the head that is named', async () => {
    const { events } = await data<{ events: { nodes: { id: string }[] } }>(
      app.url,
      `{ events(last: 1) { nodes { id } } }`,
    );
    const sizes = (await heads()).map(({ size }) => size);
    const size = Math.min(...sizes);
    const { code, out } = await call(app.dir, ['proof', 'export', events.nodes[0]!.id, '--head', `${size}`]);
    expect([code, (JSON.parse(out) as { head: { size: number } }).head.size]).toEqual([0, size]);
  });
  test('takes a new key, signed by the old one, and signs on with it', async () => {
    const key = join(app.dir, 'keys/signing.pem');
    const [before, many] = [readFileSync(key, 'utf8'), (await heads()).length];
    const { code, out } = await call(app.dir, ['proof', 'rotate-key']);
    expect([code, out]).toEqual([0, expect.stringContaining('from now on')]);
    expect(readFileSync(key, 'utf8')).not.toBe(before);
    expect(statSync(key).mode & 0o777).toBe(0o600);
    for (const name of ['One', 'Two', 'Three']) account = await registerAccount(app.url, name);
    await eventually(
      'another head is with the witness',
      async () => (await heads()).length > many && filesOf(witness).length > many,
      app,
    );
    const verified = await call(app.dir, ['verify', '--witness', witness, '--json']);
    expect(JSON.parse(verified.out)).toMatchObject({ ok: true });
    const { signingKeys } = await data<{ signingKeys: { nodes: { signature: string | null }[] } }>(
      app.url,
      '{ signingKeys { nodes { signature } } }',
    );
    expect(signingKeys.nodes.map(({ signature }) => signature !== null)).toEqual([false, true]);
  });
  test('writes its heads to a file, once', async () => {
    const file = join(await bed.folder(), 'heads.jsonl');
    const many = (await heads()).length;
    expect(await call(app.dir, ['witness', '--to', file])).toMatchObject({
      code: 0,
      out: `${many} tree heads were written to ${file}.\n`,
    });
    expect(await call(app.dir, ['witness', '--to', file])).toMatchObject({
      out: `0 tree heads were written to ${file}.\n`,
    });
    expect(await call(app.dir, ['verify', '--witness', file])).toMatchObject({ code: 0 });
  });
});

test.each([
  [['proof'], /^Say what to do: relata proof export ID/],
  [['proof', 'export', 'nothing'], /^Say of what: an event id, or a record/],
  [['proof', 'check', '/none.json'], /^\/none\.json can't be read as JSON/],
  [['verify', '--since', 'yesterday'], /^--since takes the size of a tree head/],
  [['verify', '--witness', '/none'], /^There are no tree heads at \/none/],
  [['witness'], /^Say with --to where/],
])('%j is refused before anything is begun', async (args, message) => {
  const dir = await bed.folder();
  const { code, out, err } = await call(join(dir, 'none'), args);
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(message);
});

describe("a log that was changed in the event store's file", () => {
  beforeAll(async () => {
    await stop(app);
    stopped = app.dir;
  });

  type StoredRow = {
    readonly position: number;
    readonly stream: number;
    readonly revision: number;
    readonly type: number;
    readonly checksum: number;
    readonly record: Uint8Array;
  };
  /** Whoever can write the file can read how its checksums are made. */
  const checksumOf = ({ position, stream, revision, type, record }: StoredRow): number =>
    crc32(
      record,
      (Math.imul(position, 0x9e3779b1) ^
        Math.imul(stream, 0x85ebca77) ^
        Math.imul(revision, 0xc2b2ae3d) ^
        Math.imul(type, 0x27d4eb2f)) >>>
        0,
    );

  /** A copy of the folder with another log, and of Postgres only what says nothing of the old one. */
  async function tampered(change: (log: DatabaseSync) => void): Promise<string> {
    const dir = await copyOf(stopped, await bed.folder());
    await rm(join(dir, 'postgres'), { recursive: true });
    const log = new DatabaseSync(join(dir, 'eventstore/events.db'));
    change(log);
    log.close();
    return dir;
  }
  const verified = async (dir: string, ...more: string[]) => {
    const { code, out } = await call(dir, ['verify', '--json', ...more]);
    const { findings } = JSON.parse(out) as { findings: { code: string }[] };
    return { code, found: [...new Set(findings.map(each => each.code))].sort() };
  };
  const withWitness = () => ['--witness', witness];

  test('nothing is found in a copy', async () => {
    expect(await verified(await tampered(() => undefined), ...withWitness())).toEqual({ code: 0, found: [] });
  });
  test('a name, as long as the old one, with the checksum made to fit', async () => {
    const dir = await tampered(log => {
      const rows = log.prepare('SELECT * FROM events').all() as StoredRow[];
      const row = rows.find(({ record }) => Buffer.from(record).includes('Account 2'))!;
      expect(checksumOf(row), 'as the store makes it').toBe(row.checksum);
      const text = Buffer.from(row.record).toString('latin1').replace('Account 2', 'Account 9');
      const forged = { ...row, record: Buffer.from(text, 'latin1') };
      const update = log.prepare('UPDATE events SET record = ?, checksum = ? WHERE position = ?');
      expect(update.run(forged.record, checksumOf(forged), row.position).changes).toBe(1);
    });
    expect(await verified(dir)).toEqual({ code: 1, found: ['CONTENT_CHANGED', 'HEAD_DIFFERS'] });
    expect(await verified(dir, ...withWitness())).toEqual({
      code: 1,
      found: ['CONTENT_CHANGED', 'HEAD_DIFFERS', 'WITNESS_DIFFERS'],
    });
  });
  test('the tail, cut off after a head: a witness alone knows of it', async () => {
    const dir = await tampered(log => {
      log.exec(
        `DELETE FROM events WHERE position > (SELECT min(position) FROM events WHERE type = (SELECT id FROM types WHERE name = 'TreeHeadSigned'))`,
      );
    });
    expect(await verified(dir)).toEqual({ code: 0, found: [] });
    expect(await verified(dir, ...withWitness())).toEqual({ code: 1, found: ['LOG_CUT'] });
  });
});
