/** The projector's own connection: statements are sent without waiting for the answers of those before. */
import pg from 'pg';
import { sqlTypes } from '../query/sqlTypes.ts';
import { fenced } from './failure.ts';
import { type Bulk, statementOf } from './statements.ts';

/** Prepared under its name the first time. */
export type Statement = { readonly name: string; readonly text: string; readonly values: string[] };

export type Session = {
  readonly client: pg.Client;
  readonly rows: <T>(bulk: Bulk<T>, items: readonly T[]) => Promise<readonly unknown[][]>;
  /** The statements, all or none, in one round trip. */
  readonly transaction: (statements: readonly Statement[]) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Each statement by its own, as some poolers between us and Postgres refuse them as start-up options. */
const SETTINGS = [
  // The log is the truth, and a checkpoint commits with its rows: a crash of Postgres that loses the last commits
  // loses both, and they are read again. So no commit waits for the disk.
  `SET synchronous_commit = off`,
  `SET TimeZone = 'UTC'`,
  `SET DateStyle = 'ISO'`,
  // Every statement here goes by keys. A plan made while a table was small would scan it whole for ever after.
  `SET enable_seqscan = off`,
  `SET enable_hashjoin = off`,
  `SET enable_mergejoin = off`,
  `SET enable_bitmapscan = off`,
  `SET plan_cache_mode = force_generic_plan`,
];

/** A connection as the pool's are, but with pipelining, and for one user alone. */
export async function openSession(pool: pg.Pool): Promise<Session> {
  const { options } = pool;
  const client = new pg.Client({ ...options, password: options.password, pipeline: true } as pg.ClientConfig);
  client.on('error', () => undefined); // whatever is sent next fails with the reason
  await client.connect();
  try {
    await Promise.all(SETTINGS.map(setting => client.query(setting)));
  } catch (error) {
    await client.end();
    throw error;
  }
  return {
    client,
    rows: async (bulk, items) => {
      const query = { ...statementOf(bulk, items), rowMode: 'array' as const, types: sqlTypes };
      return (await client.query<unknown[]>(query)).rows;
    },
    transaction: statements => transaction(client, statements),
    close: () => client.end(),
  };
}

/** COMMIT is sent along. After a failure Postgres answers it with a rollback. */
async function transaction(client: pg.Client, statements: readonly Statement[]): Promise<void> {
  const sent = ['BEGIN', ...statements, 'COMMIT'].map(each =>
    typeof each === 'string' ? client.query(each) : client.query(each),
  );
  const answers = await Promise.allSettled(sent);
  const failed = answers.find(answer => answer.status === 'rejected');
  if (!failed) return;
  throw isMoved(failed.reason)
    ? fenced('the checkpoint was moved by another owner', failed.reason)
    : failed.reason;
}

/** Raised by `relata.move_checkpoint`. */
const isMoved = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'RL001';
