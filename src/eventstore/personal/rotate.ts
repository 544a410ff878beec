/**
 * From one wrapping key to another: first all new keys of persons go under it, then those that are there, some at a time.
 * Interrupted, it goes on where it was; meanwhile keys are read under either.
 */
import type pg from 'pg';
import type { Keyring, WrappingKey } from './keyring.ts';
import { currentKey, requiredKey, VAULT_COLUMNS } from './vault.ts';
import { type KeyRow, unwrapKey, wrapKey } from './wrapping.ts';

const AT_ONCE = 1_000;

/** How many persons' keys are still under another key than the current one. */
export async function leftBehind(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM vault.subject_keys k
     WHERE k.wrapped IS NOT NULL AND k.wrapping_key_id <> (SELECT id FROM vault.wrapping_keys WHERE is_current)`,
  );
  return rows[0]?.n ?? 0;
}

/** Makes it the one that new keys are wrapped by. From then on none comes in under the one before. */
export async function makeCurrent(pool: pg.Pool, { id }: WrappingKey): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('relata.vault'))`);
    await client.query('UPDATE vault.wrapping_keys SET is_current = false WHERE is_current');
    await client.query(
      `INSERT INTO vault.wrapping_keys (id, is_current) VALUES ($1, true)
       ON CONFLICT (id) DO UPDATE SET is_current = true, retired_at = NULL`,
      [id],
    );
    await client.query('COMMIT');
    client.release();
  } catch (error) {
    client.release(true); // which ends the transaction
    throw error;
  }
}

/**
 * Puts all persons' keys under the current key, and retires those that none is under any more.
 * @param onProgress told how many were put under it so far.
 * @returns the ids of the keys that were retired.
 */
export async function rewrapAll(
  pool: pg.Pool,
  keyring: Keyring,
  onProgress: (rewrapped: number) => void,
): Promise<readonly string[]> {
  const by = await currentKey(pool, keyring);
  let rewrapped = 0;
  for (let after = NIL; ; ) {
    const { rows } = await pool.query<KeyRow>(
      `SELECT ${VAULT_COLUMNS} FROM vault.subject_keys k
       WHERE k.key_id > $1 AND k.wrapped IS NOT NULL AND k.wrapping_key_id <> $2 ORDER BY k.key_id LIMIT ${AT_ONCE}`,
      [after, by.id],
    );
    const last = rows.at(-1);
    if (!last) break;
    after = last.keyId;
    rewrapped += await rewrap(pool, keyring, by, rows);
    onProgress(rewrapped);
  }
  const { rows } = await pool.query<{ id: string }>(
    `UPDATE vault.wrapping_keys w SET retired_at = now()
     WHERE NOT is_current AND retired_at IS NULL
       AND NOT EXISTS (SELECT FROM vault.subject_keys k WHERE k.wrapped IS NOT NULL AND k.wrapping_key_id = w.id)
     RETURNING id`,
  );
  // What was wrapped before lies in Postgres's files until then.
  await pool.query('VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) vault.subject_keys');
  return rows.map(({ id }) => id);
}

const NIL = '00000000-0000-0000-0000-000000000000';

/** One that is erased meanwhile stays erased. */
async function rewrap(
  pool: pg.Pool,
  keyring: Keyring,
  by: WrappingKey,
  rows: readonly KeyRow[],
): Promise<number> {
  const wrapped: Buffer[] = [];
  for (const row of rows) {
    const before = await requiredKey(keyring, row.wrappedBy ?? '');
    wrapped.push(wrapKey(by, row, unwrapKey(before, row)));
  }
  const { rowCount } = await pool.query(
    `UPDATE vault.subject_keys k SET wrapped = u.now, wrapping_key_id = $4
     FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS u (key_id, before, now)
     WHERE k.key_id = u.key_id AND k.wrapped = u.before`,
    [rows.map(({ keyId }) => keyId), rows.map(row => row.wrapped), wrapped, by.id],
  );
  return rowCount ?? 0;
}
