/** The vault in Postgres: one key a person whoever asks first, none once they are erased, and wrapped by the right key. */
import { type KeyObject, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  openKeyring,
  type WrappingKey,
  wrappingKey,
  wrappingKeyFile,
} from '../../../src/eventstore/personal/keyring.ts';
import { type Subject, subjectName } from '../../../src/eventstore/personal/keySource.ts';
import { leftBehind, makeCurrent, rewrapAll } from '../../../src/eventstore/personal/rotate.ts';
import { openVault, type Vault } from '../../../src/eventstore/personal/vault.ts';
import { id } from '../../support/ids.ts';
import { startTestPostgres, type TestPostgres } from '../projections/database.ts';

let postgres: TestPostgres;
let folder: string;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(async () => {
  await postgres.reset();
  folder = await mkdtemp(join(tmpdir(), 'relata-keys-'));
  return () => rm(folder, { recursive: true });
});

const MASTER = Buffer.alloc(32, 7);
const ring = (masterKey: Uint8Array = MASTER, given: readonly Uint8Array[] = []) =>
  openKeyring({ masterKey, given, folder });
/** As in a process that has just started. */
const open = (): Promise<Vault> => openVault(postgres.pool, ring());

const ann: Subject = { workspaceId: 'main', category: 'contact', id: id(1) };
const person = (n: number): Subject => ({ ...ann, id: id(n) });
/** As plain text: two key objects are the same to `toEqual` whatever they hold. */
const hex = (secret: KeyObject | undefined) => secret?.export().toString('hex');
const keyOf = async (vault: Vault, subject: Subject = ann) => {
  const key = (await vault.forWriting([subject])).get(subjectName(subject));
  return key && { id: key.id, secret: hex(key.secret) };
};
const secretOf = async (vault: Vault, keyId: string) =>
  hex((await vault.forReading({ keyIds: new Set([keyId]), subjects: [] })).keys.get(keyId));

test('a person keeps the key that they were given, and each has another', async () => {
  const key = await keyOf(await open());
  expect(key?.secret).toHaveLength(64);
  const again = await open();
  expect(await keyOf(again)).toEqual(key);
  expect(await secretOf(again, key?.id ?? '')).toEqual(key?.secret);
  const others = [person(2), { ...ann, workspaceId: 'other' }, { ...ann, category: 'user' }];
  const found = await again.forWriting([...others, ann, ann]);
  expect(new Set([...found.values()].map(({ secret }) => secret.export().toString('hex'))).size).toBe(4);
});

test('many processes that ask at once for the same persons are given the same keys', async () => {
  const vaults = await Promise.all(Array.from({ length: 12 }, open));
  const persons = Array.from({ length: 5 }, (_, n) => person(n));
  const found = await Promise.all(
    vaults.map(async (vault, i) => {
      const asked = i % 2 ? persons : persons.toReversed();
      const keys = await vault.forWriting(asked);
      return persons.map(each => keys.get(subjectName(each))?.secret.export().toString('hex'));
    }),
  );
  for (const each of found) expect(each).toEqual(found[0]);
  expect(new Set(found[0]).size).toBe(5);
});

test('what lies in the database is no key, and opens for the person of its row alone', async () => {
  const vault = await open();
  const key = await keyOf(vault);
  await keyOf(vault, person(2));
  const { rows } = await postgres.pool.query<{ wrapped: Buffer }>('SELECT wrapped FROM vault.subject_keys');
  for (const { wrapped } of rows) expect(wrapped.includes(Buffer.from(key?.secret ?? '', 'hex'))).toBe(false);
  await postgres.pool.query(
    `UPDATE vault.subject_keys SET wrapped = (SELECT wrapped FROM vault.subject_keys WHERE subject_id = $1)`,
    [ann.id],
  );
  expect(await keyOf(vault)).toEqual(key);
  await expect(keyOf(vault, person(2))).rejects.toMatchObject({
    vaultError: 'KEY_MISSING',
    message: expect.stringContaining('was altered'),
  });
});

describe('an erased person', () => {
  test('has no key any more in any process, and their row says so for ever', async () => {
    const [vault, other] = [await open(), await open()];
    const key = await keyOf(vault);
    await keyOf(other, person(2));
    await vault.erase(ann);
    await other.erase(ann);
    expect(await keyOf(other)).toBe(undefined);
    const keyId = key?.id ?? '';
    const found = await other.forReading({ keyIds: new Set([keyId]), subjects: [] });
    expect([found.keys.has(keyId), found.keys.get(keyId), [...found.erased]]).toEqual([
      true,
      undefined,
      [subjectName(ann)],
    ]);
    expect((await keyOf(other, person(2)))?.secret).toHaveLength(64);
  });
  test('is known to be one also where there never was a key', async () => {
    const vault = await open();
    await vault.erase(ann);
    const { erased } = await vault.forReading({ keyIds: new Set(), subjects: [ann, person(2), ann] });
    expect([...erased]).toEqual([subjectName(ann)]);
    expect(await keyOf(vault)).toBe(undefined);
  });
});

test('a key that the vault has never had is none that was destroyed', async () => {
  const found = await (await open()).forReading({ keyIds: new Set([id(9)]), subjects: [] });
  expect([found.keys.has(id(9)), found.erased.size]).toEqual([false, 0]);
});

test('a database that does not answer is said to be one', async () => {
  const pool = new pg.Pool({ connectionString: postgres.url });
  const vault = await openVault(pool, ring());
  await pool.end();
  await expect(keyOf(vault)).rejects.toMatchObject({ vaultError: 'VAULT_UNAVAILABLE' });
});

test('a vault of another master key is not opened', async () => {
  await keyOf(await open());
  const strange = ring(Buffer.alloc(32, 8));
  await expect(openVault(postgres.pool, strange)).rejects.toMatchObject({
    vaultError: 'WRAPPING_KEY_MISSING',
    message: expect.stringContaining(ring().first.id),
  });
});

describe('rotation', () => {
  const make = async (): Promise<WrappingKey> => {
    const made = wrappingKey(randomBytes(32));
    await mkdir(folder, { recursive: true });
    await writeFile(wrappingKeyFile(folder, made), made.secret.export());
    return made;
  };
  const wrappedBy = async () => {
    const { rows } = await postgres.pool.query<{ by: string; n: number }>(
      `SELECT wrapping_key_id AS by, count(*)::int AS n FROM vault.subject_keys WHERE wrapped IS NOT NULL GROUP BY 1`,
    );
    return Object.fromEntries(rows.map(({ by, n }) => [by, n]));
  };

  test('puts every key under the new one, and each opens as before, also in processes that knew the old one', async () => {
    const vault = await open();
    const persons = Array.from({ length: 2_500 }, (_, n) => person(n));
    const before = await vault.forWriting(persons);
    await vault.erase(person(7));
    const made = await make();
    await makeCurrent(postgres.pool, made);
    expect(await leftBehind(postgres.pool)).toBe(2_499);
    const told: number[] = [];
    const retired = await rewrapAll(postgres.pool, ring(), n => told.push(n));
    expect(retired).toEqual([ring().first.id]);
    expect(told).toEqual([1_000, 2_000, 2_499]);
    expect(await wrappedBy()).toEqual({ [made.id]: 2_499 });
    for (const each of [vault, await open()]) {
      const after = await each.forWriting(persons);
      expect(after.size).toBe(2_499);
      for (const [name, { id: keyId, secret }] of after)
        expect([keyId, hex(secret)]).toEqual([before.get(name)?.id, hex(before.get(name)?.secret)]);
    }
  });

  test('lets nothing in under the old key, whoever writes meanwhile, and what is erased stays erased', async () => {
    const vaults = await Promise.all(Array.from({ length: 4 }, open));
    let next = 0;
    let over = false;
    const writing = vaults.map(async vault => {
      while (!over) {
        const n = next++;
        await keyOf(vault, person(n));
        if (n % 5 === 0) await vault.erase(person(n));
      }
    });
    const keyring = ring();
    const made: WrappingKey[] = [];
    for (let round = 0; round < 3; round++) {
      const from = next;
      await expect.poll(() => next, { interval: 1 }).toBeGreaterThan(from + 30);
      made.push(await make());
      await makeCurrent(postgres.pool, made[round]!);
      expect(await rewrapAll(postgres.pool, keyring, () => undefined)).toHaveLength(1);
      expect(Object.keys(await wrappedBy())).toEqual([made[round]!.id]);
    }
    over = true;
    await Promise.all(writing);
    const vault = await open();
    const found = await vault.forWriting(Array.from({ length: next }, (_, n) => person(n)));
    expect(found.size).toBe(next - Math.ceil(next / 5));
  });

  test('a new key waits while the wrapping key is exchanged, and comes in under the new one', async () => {
    const vault = await open();
    await keyOf(vault);
    const made = await make();
    const rotating = await postgres.pool.connect();
    try {
      await rotating.query('BEGIN');
      await rotating.query(`SELECT pg_advisory_xact_lock(hashtext('relata.vault'))`);
      await rotating.query('UPDATE vault.wrapping_keys SET is_current = false');
      await rotating.query('INSERT INTO vault.wrapping_keys (id, is_current) VALUES ($1, true)', [made.id]);
      const writing = keyOf(vault, person(2));
      const waiting = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`;
      await expect
        .poll(async () => (await postgres.pool.query(waiting)).rowCount, { timeout: 10_000 })
        .toBe(1);
      await rotating.query('COMMIT');
      expect((await writing)?.secret).toHaveLength(64);
    } finally {
      rotating.release(true);
    }
    expect(await wrappedBy()).toEqual({ [ring().first.id]: 1, [made.id]: 1 });
  });

  test('goes on where it was interrupted, and both keys are needed until it is done', async () => {
    await (await open()).forWriting(Array.from({ length: 1_500 }, (_, n) => person(n)));
    const made = await make();
    await makeCurrent(postgres.pool, made);
    const interrupted = rewrapAll(postgres.pool, ring(), () => {
      throw new Error('interrupted');
    });
    await expect(interrupted).rejects.toThrow('interrupted');
    expect(await wrappedBy()).toEqual({ [made.id]: 1_000, [ring().first.id]: 500 });
    await expect(openVault(postgres.pool, ring(Buffer.alloc(32, 8)))).rejects.toThrow(ring().first.id);
    expect((await (await open()).forWriting([person(3), person(1_400)])).size).toBe(2);
    await rewrapAll(postgres.pool, ring(), () => undefined);
    expect(await leftBehind(postgres.pool)).toBe(0);
  });

  test('needs a key that is here: one that was given, or lies in the folder whole', async () => {
    await keyOf(await open());
    const made = wrappingKey(randomBytes(32));
    await writeFile(wrappingKeyFile(folder, made), made.secret.export().subarray(1));
    await makeCurrent(postgres.pool, made);
    await expect(open()).rejects.toMatchObject({
      vaultError: 'WRAPPING_KEY_MISSING',
      message: expect.stringMatching(`${made.id}.*${folder}`),
    });
    const given = ring(MASTER, [made.secret.export()]);
    expect(given.given?.id).toBe(made.id);
    await rewrapAll(postgres.pool, given, () => undefined);
    expect(await wrappedBy()).toEqual({ [made.id]: 1 });
    expect((await keyOf(await openVault(postgres.pool, given)))?.secret).toHaveLength(64);
  });
});
