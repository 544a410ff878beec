/** Keys as their keeper handles them: rotated, lost, brought back; and a vault that is older than the log. */
import { readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeBed, type Running, settings, stop } from './support/bed.ts';
import { ask, data } from './support/graphql.ts';
import { eventually, relata } from './support/program.ts';
import { readyz } from './support/sales.ts';
import { query } from './support/sql.ts';

const bed = makeBed();
let app: Running;

type Done = { readonly id: string; readonly position: string };

async function contact(name: string): Promise<Done> {
  const document =
    'mutation ($name: String!) { done: createContact(input: { name: $name }) { id position } }';
  return (await data<{ done: Done }>(app.url, document, { name })).done;
}
const NAME = 'query ($id: ID!, $position: Position) { contact(id: $id, after: $position) { name } }';
const nameOf = async (done: Done) =>
  (await data<{ contact: { name: string } }>(app.url, NAME, done)).contact.name;
/** Its stream is read to decide this. */
const tag = (id: string) =>
  ask(app.url, `mutation { tagContact(input: { id: "${id}", tags: ["x"] }) { id } }`);

const keys = (env: NodeJS.ProcessEnv = {}, ...args: string[]) =>
  bed.use(relata(['keys', ...args], { env: settings(app.dir, env) })).ended;
const wrappedBy = async () => {
  const rows = await query(app.postgresUrl, 'SELECT DISTINCT wrapping_key_id AS by FROM vault.subject_keys');
  return rows.map(({ by }) => by);
};
const ROTATED = /^The key ([0-9a-f]{16}) wraps the keys of persons now; (\d+) were put under it\.$/m;
const RETIRED = /^No key is under ([0-9a-f]{16}) any more\. /m;

beforeAll(async () => {
  app = await bed.start({ dir: await bed.folder() });
});

describe('a rotation', () => {
  let first: Done;
  let second: Done;

  test('puts the keys of persons under a new key, while the instance runs and goes on', async () => {
    first = await contact('Ann');
    const [before] = await wrappedBy();
    const { code, out, err } = await keys({}, 'rotate');
    expect([code, err]).toEqual([0, '']);
    const [, made = '', n] = ROTATED.exec(out) ?? [];
    expect([n, RETIRED.exec(out)?.[1]]).toEqual(['1', before]);
    second = await contact('Bob');
    expect(await wrappedBy()).toEqual([made]);
    expect(await readdir(join(app.dir, 'keys/wrapping'))).toEqual([`${made}.key`]);
    expect((await stat(join(app.dir, `keys/wrapping/${made}.key`))).mode & 0o777).toBe(0o600);
    expect((await tag(first.id)).errors).toBe(undefined);
  });

  test('and where nothing runs; whoever starts next reads all that there is', async () => {
    await stop(app);
    const { code, out } = await keys({}, 'rotate');
    expect(code).toBe(0);
    expect(ROTATED.exec(out)?.[2]).toBe('2');
    app = await bed.start({ dir: app.dir });
    for (const { id } of [first, second]) expect((await tag(id)).errors).toBe(undefined);
    const rebuild = bed.use(relata(['rebuild', 'contacts'], { env: settings(app.dir) }));
    expect((await rebuild.ended).code).toBe(0);
    expect([await nameOf(first), await nameOf(second)]).toEqual(['Ann', 'Bob']);
  });

  test('goes to a key that was given to all, and asks for one where the master key was', async () => {
    const master = (await readFile(join(app.dir, 'keys/master.key'))).toString('base64');
    const refused = await keys({ RELATA_MASTER_KEY: master }, 'rotate');
    expect([refused.code, refused.out]).toEqual([1, '']);
    expect(refused.err).toMatch(/add it at the end of RELATA_WRAPPING_KEYS of all instances, restart them/);

    const env = { RELATA_MASTER_KEY: master, RELATA_WRAPPING_KEYS: Buffer.alloc(32, 9).toString('base64') };
    await stop(app);
    app = await bed.start({ dir: app.dir, env });
    expect((await keys(env, 'rotate')).code).toBe(0);
    expect((await tag(first.id)).errors).toBe(undefined);
    expect((await keys(env, 'rotate')).err, 'it is in use already').toMatch(/make one/);
    expect((await keys({}, 'rotate')).err, 'without it').toMatch(/is neither derived from this master key/);
    expect((await keys(env, 'rotat')).err).toBe('Say: npm run relata -- keys rotate\n');
  });
});

test('without a key that persons’ keys are under nothing is started, and it says which', async () => {
  app = await bed.start({ dir: await bed.folder() });
  await contact('Ann');
  await keys({}, 'rotate');
  await stop(app);
  const [file = ''] = await readdir(join(app.dir, 'keys/wrapping'));
  await rename(join(app.dir, 'keys/wrapping', file), join(app.dir, file));
  const { code, err } = await bed.launch({ dir: app.dir }).ended;
  expect(code).toBe(1);
  expect(err).toMatch(
    new RegExp(`^The keys of persons in this database are wrapped by the key ${file.slice(0, 16)}, .*\\n$`),
  );
  await rename(join(app.dir, file), join(app.dir, 'keys/wrapping', file));
  app = await bed.start({ dir: app.dir });
});

test('a vault that is older than the log stops what needs its keys, and it goes on once it is restored', async () => {
  app = await bed.start({ dir: await bed.folder() });
  const ann = await contact('Ann');
  expect(await nameOf(ann)).toBe('Ann');
  await query(app.postgresUrl, 'CREATE TABLE vault.backup AS SELECT * FROM vault.subject_keys');
  await query(app.postgresUrl, 'DELETE FROM vault.subject_keys');
  expect((await tag(ann.id)).errors, 'what is known by heart can be appended to').toBe(undefined);
  await query(app.postgresUrl, 'DROP SCHEMA relata, crm CASCADE'); // read models are to be built anew
  await stop(app);

  app = await bed.start({ dir: app.dir, until: 'listening' });
  await eventually('it says so', async () => {
    const { status, body } = await readyz(app.url);
    const projector = body.parts.projector;
    return (
      status === 503 &&
      projector?.lasting === true &&
      /of (name|phones) in an event ContactCreated of contact-.* is not in the vault/.test(
        projector.message ?? '',
      ) &&
      /Restore its schema vault from a backup/.test(projector.message ?? '')
    );
  });
  expect((await tag(ann.id)).errors?.[0]?.extensions?.code).toBe('STREAM_UNREADABLE');
  await query(app.postgresUrl, 'INSERT INTO vault.subject_keys SELECT * FROM vault.backup');
  await stop(app);
  app = await bed.start({ dir: app.dir });
  expect(await nameOf(ann)).toBe('Ann');
});
