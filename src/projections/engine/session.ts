/** The projector's own connections: what is read goes out in a pipeline, what is written as one transaction in one round trip. */
import pg from 'pg';
import { sqlTypes } from '../query/sqlTypes.ts';
import { fenced } from './failure.ts';
import { implicitTransactions, type Statement } from './implicitTransaction.ts';
import { isDataError } from './refused.ts';
import { type Bulk, statementOf } from './statements.ts';

export type Session = {
  readonly rows: <T>(bulk: Bulk<T>, items: readonly T[]) => Promise<readonly unknown[][]>;
  /** The statements, all or none, in one round trip. */
  readonly transaction: (statements: readonly Statement[]) => Promise<void>;
  /** All of it in one transaction, but for the parts whose data Postgres refuses. @returns those, with the reasons. */
  readonly apart: <P>(transaction: Apart<P>) => Promise<ReadonlyMap<P, unknown>>;
  readonly close: () => Promise<void>;
};

export type Apart<P> = {
  readonly first: readonly Statement[];
  /** Each under a savepoint of its own. */
  readonly parts: ReadonlyMap<P, readonly Statement[]>;
  readonly last: (refused: ReadonlyMap<P, unknown>) => readonly Statement[];
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

/** Two connections as the pool's are, for one user alone: pg can read in a pipeline, or write by statements of our own. */
export async function openSession(pool: pg.Pool): Promise<Session> {
  const reader = await connect(pool, { pipeline: true });
  try {
    const writer = await connect(pool, { pipeline: false });
    const run = implicitTransactions(writer);
    return {
      rows: async (bulk, items) => {
        const query = { ...statementOf(bulk, items), rowMode: 'array' as const, types: sqlTypes };
        return (await reader.query<unknown[]>(query)).rows;
      },
      transaction: statements => fencing(run(statements)),
      apart: transaction => fencing(runApart(writer, transaction)),
      close: async () => {
        await Promise.all([reader.end(), writer.end()]);
      },
    };
  } catch (error) {
    await reader.end();
    throw error;
  }
}

/** A connection of one's own for transactions that take their time. */
export const connectApart = (pool: pg.Pool): Promise<pg.Client> => connect(pool, { pipeline: false });

async function connect({ options }: pg.Pool, { pipeline }: { pipeline: boolean }): Promise<pg.Client> {
  const client = new pg.Client({ ...options, password: options.password, pipeline } as pg.ClientConfig);
  client.on('error', () => undefined); // whatever is sent next fails with the reason
  await client.connect();
  try {
    for (const setting of SETTINGS) await client.query(setting);
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
}

async function runApart<P>(
  writer: pg.Client,
  { first, parts, last }: Apart<P>,
): Promise<ReadonlyMap<P, unknown>> {
  const run = async (statements: readonly Statement[]) => {
    for (const { text, values } of statements) await writer.query(text, values);
  };
  const refused = new Map<P, unknown>();
  await writer.query('BEGIN');
  try {
    await run(first);
    for (const [part, statements] of parts) {
      await writer.query('SAVEPOINT part');
      try {
        await run(statements);
      } catch (error) {
        if (!isDataError(error)) throw error;
        await writer.query('ROLLBACK TO SAVEPOINT part');
        refused.set(part, error);
      }
    }
    await run(last(refused));
    await writer.query('COMMIT');
    return refused;
  } catch (error) {
    await writer.query('ROLLBACK').catch(() => undefined); // a connection that is gone has rolled back
    throw error;
  }
}

async function fencing<T>(transaction: Promise<T>): Promise<T> {
  try {
    return await transaction;
  } catch (error) {
    throw isMoved(error) ? fenced('the checkpoint was moved by another owner', error) : error;
  }
}

/** Raised by `relata.move_checkpoint`. */
const isMoved = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'RL001';
