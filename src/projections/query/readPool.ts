/** The connections that queries read through. */
import pg from 'pg';

export type ReadPoolOptions = {
  readonly url: string;
  /** How many connections at most. */
  readonly size?: number;
  /** A statement that takes longer is stopped by Postgres. */
  readonly statementTimeoutMs?: number;
  /** How long a query may wait for a connection. */
  readonly connectTimeoutMs?: number;
  /** A connection broke; the pool opens another when one is needed. */
  readonly onError?: (error: Error) => void;
};

export function openReadPool(options: ReadPoolOptions): pg.Pool {
  const statementTimeout = options.statementTimeoutMs ?? 10_000;
  const report = options.onError ?? (() => undefined);
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.size ?? 10,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    statement_timeout: statementTimeout,
    // Ends the transaction of an operation that was forgotten; there is none, and this is the second net.
    idle_in_transaction_session_timeout: 2 * statementTimeout,
    // `begin`, reads and `commit` go out without waiting for each other's answers.
    pipeline: true,
    application_name: 'relata-queries',
    options: '-c timezone=UTC -c datestyle=ISO',
  });
  pool.on('error', report);
  // A connection that breaks while it is in use says so by its own event as well; unheard, that would end the process.
  pool.on('connect', client => client.on('error', report));
  return pool;
}
