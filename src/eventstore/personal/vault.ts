/**
 * Persons' keys in Postgres, wrapped. Nothing of them is remembered here: each question is put to the database, so that
 * a key that was destroyed is gone for every process at once.
 */
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type pg from 'pg';
import { vaultError, vaultErrorOf } from './errors.ts';
import type { Keyring, WrappingKey } from './keyring.ts';
import { type Key, type KeySource, newKeyId, type Subject, subjectName } from './keySource.ts';
import { type KeyRow, unwrapKey, wrapKey } from './wrapping.ts';

export type Vault = KeySource & {
  /** Destroys the person's key, and keeps in mind that it was. Harmless when repeated. */
  readonly erase: (subject: Subject) => Promise<void>;
};

const SECRET_BYTES = 32;
/** A rotation may change the wrapping key between being asked for and being used; hardly twice. */
const TRIES = 3;

/** A row as `KeyRow` has it; of `k`. */
export const VAULT_COLUMNS = `k.key_id AS "keyId", k.workspace_id AS "workspaceId", k.subject_category AS category,
  k.subject_id AS id, k.wrapped, k.wrapping_key_id AS "wrappedBy"`;

/** The database must be migrated. @throws `WRAPPING_KEY_MISSING` when keys in it are wrapped by one that isn't here. */
export async function openVault(pool: pg.Pool, keyring: Keyring): Promise<Vault> {
  await answered(() => checkWrappingKeys(pool, keyring));
  let current: WrappingKey | undefined;

  const unwrap = async (row: KeyRow): Promise<KeyObject | undefined> =>
    row.wrapped === null ? undefined : unwrapKey(await requiredKey(keyring, row.wrappedBy ?? ''), row);

  /** The keys of these persons; each is offered a new one, in case that there is none. */
  const keysFor = async (subjects: readonly Subject[]): Promise<readonly KeyRow[]> => {
    for (let tries = 1; ; tries++)
      try {
        const by = current ?? (await currentKey(pool, keyring));
        current = by;
        const offered = subjects.map(subject => ({ ...subject, keyId: newKeyId() }));
        const ids = offered.map(({ keyId }) => keyId);
        const wrapped = offered.map(each => wrapKey(by, each, createSecretKey(randomBytes(SECRET_BYTES))));
        const { rows } = await pool.query<KeyRow>({
          name: 'vault.for',
          text: `SELECT ${VAULT_COLUMNS} FROM vault.keys_for($1, $2, $3, $4, $5, $6) k`,
          values: [...columnsOf(subjects), ids, wrapped, by.id],
        });
        return rows;
      } catch (error) {
        if (!isRotated(error) || tries === TRIES) throw error;
        current = undefined;
      }
  };

  const forWriting = async (subjects: readonly Subject[]): Promise<ReadonlyMap<string, Key>> => {
    const keys = new Map<string, Key>();
    for (const row of await keysFor(distinct(subjects))) {
      const secret = await unwrap(row);
      if (secret) keys.set(subjectName(row), { id: row.keyId, secret });
    }
    return keys;
  };

  const erasedOf = async (subjects: readonly Subject[]): Promise<readonly KeyRow[]> => {
    if (subjects.length === 0) return [];
    const { rows } = await pool.query<KeyRow>({
      name: 'vault.erased',
      text: `SELECT ${VAULT_COLUMNS} FROM unnest($1::text[], $2::text[], $3::text[]) AS s (workspace_id, category, id)
        JOIN vault.subject_keys k
          ON k.workspace_id = s.workspace_id AND k.subject_category = s.category AND k.subject_id = s.id
        WHERE k.wrapped IS NULL`,
      values: columnsOf(distinct(subjects)),
    });
    return rows;
  };

  const byId = async (ids: ReadonlySet<string>): Promise<readonly KeyRow[]> => {
    if (ids.size === 0) return [];
    const { rows } = await pool.query<KeyRow>({
      name: 'vault.by',
      text: `SELECT ${VAULT_COLUMNS} FROM vault.subject_keys k WHERE k.key_id = ANY ($1::uuid[])`,
      values: [[...ids]],
    });
    return rows;
  };

  return {
    forWriting: subjects => answered(() => forWriting(subjects)),
    forReading: ({ keyIds, subjects }) =>
      answered(async () => {
        const [rows, others] = await Promise.all([byId(keyIds), erasedOf(subjects)]);
        const keys = new Map<string, KeyObject | undefined>();
        for (const row of rows) keys.set(row.keyId, await unwrap(row));
        const erased = [...rows.filter(({ wrapped }) => wrapped === null), ...others];
        return { keys, erased: new Set(erased.map(subjectName)) };
      }),
    erase: subject =>
      answered(async () => {
        await pool.query('SELECT vault.erase($1, $2, $3)', columnsOf([subject]));
      }),
  };
}

/** The keys that the vault's are wrapped by must all be here; a new vault begins with the first. */
async function checkWrappingKeys(pool: pg.Pool, keyring: Keyring): Promise<void> {
  await pool.query(
    `INSERT INTO vault.wrapping_keys (id, is_current)
     SELECT $1, true WHERE NOT EXISTS (SELECT FROM vault.wrapping_keys) ON CONFLICT DO NOTHING`,
    [keyring.first.id],
  );
  const { rows } = await pool.query<{ id: string }>(
    'SELECT id FROM vault.wrapping_keys WHERE retired_at IS NULL ORDER BY is_current DESC, id',
  );
  for (const { id } of rows) await requiredKey(keyring, id);
}

/** The key that new ones are wrapped by. */
export async function currentKey(db: pg.Pool | pg.ClientBase, keyring: Keyring): Promise<WrappingKey> {
  const { rows } = await db.query<{ id: string }>('SELECT id FROM vault.wrapping_keys WHERE is_current');
  return requiredKey(keyring, rows[0]?.id ?? '');
}

export async function requiredKey(keyring: Keyring, id: string): Promise<WrappingKey> {
  const key = await keyring.find(id);
  if (key) return key;
  throw vaultError(
    'WRAPPING_KEY_MISSING',
    `The keys of persons in this database are wrapped by the key ${id}, which is neither derived from this master key nor in ${keyring.folder}: bring the master key that belongs to this database, or copy ${id}.key there from the machine on which it was rotated (or from a backup).`,
  );
}

const columnsOf = (subjects: readonly Subject[]): [string[], string[], string[]] => [
  subjects.map(({ workspaceId }) => workspaceId),
  subjects.map(({ category }) => category),
  subjects.map(({ id }) => id),
];

const distinct = (subjects: readonly Subject[]): readonly Subject[] =>
  subjects.length === 1
    ? subjects
    : [...new Map(subjects.map(subject => [subjectName(subject), subject])).values()];

/** Raised by `vault.keys_for`. */
const isRotated = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'RL002';

async function answered<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (vaultErrorOf(error)) throw error;
    throw vaultError(
      'VAULT_UNAVAILABLE',
      'the database that the keys of persons are in did not answer',
      error,
    );
  }
}
