/**
 * One owner at a time: a row with a random token and a time until which it is valid, by Postgres's clock alone. The
 * lease only keeps others from trying; what a late owner could still do is prevented by the token in the checkpoint.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';

export type LeaseOptions = {
  readonly pool: pg.Pool;
  /** For people: who holds it. */
  readonly instance: string;
  /** How long it is valid without being renewed; it is renewed three times as often. */
  readonly milliseconds: number;
};

export type Lease = {
  readonly token: string;
  /** Aborted once another owner has taken it, or it ran out unrenewed. */
  readonly lost: AbortSignal;
  /** Gives it back, so that another instance need not wait for its end. */
  readonly release: () => Promise<void>;
};

const TAKE = `
  INSERT INTO relata.lease AS held (name, owner, instance, until)
  VALUES ('projector', $1, $2, clock_timestamp() + $3 * interval '1 millisecond')
  ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, instance = excluded.instance, until = excluded.until
    WHERE held.until < clock_timestamp() OR held.owner = excluded.owner
  RETURNING owner`;

/** The name under which a projector's sessions are seen in Postgres. */
export const sessionName = (instance: string): string => `relata projector, ${instance}`;

/** Asked without waiting for the lease's row, which a holder may have locked. */
const HELD = `SELECT FROM relata.lease WHERE name = 'projector' AND until >= clock_timestamp()`;

/**
 * A holder that was paused in the middle of a transaction keeps its locks for as long as it sleeps, on the lease's own
 * row too. Once its lease has run out its transactions are ended, and undone with that.
 */
const END_TRANSACTIONS = `
  SELECT pg_terminate_backend(session.pid) FROM relata.lease AS held
  JOIN pg_stat_activity AS session ON session.application_name = $1 || held.instance
    AND session.datname = current_database() AND session.xact_start IS NOT NULL
  WHERE held.until < clock_timestamp() AND held.instance <> $2`;

/**
 * Waits until the lease is ours.
 * @param onHeld told as often as another is found to have it.
 * @throws the signal's reason when aborted, or Postgres's error.
 */
export async function takeLease(
  options: LeaseOptions,
  signal: AbortSignal,
  onHeld: () => void,
): Promise<Lease> {
  const token = randomUUID();
  const { pool, instance, milliseconds } = options;
  for (;;) {
    const { rowCount: holders } = await pool.query(HELD);
    if (holders === 0) {
      await pool.query(END_TRANSACTIONS, [sessionName(''), instance]);
      if (await take(options, token)) return keep(options, token);
    }
    onHeld();
    await delay(milliseconds / 3, undefined, { signal });
  }
}

/** For who has just started Postgres: whoever had the lease has lost it along with the server before. */
export async function dropLease(pool: pg.Pool): Promise<void> {
  await pool.query('DELETE FROM relata.lease');
}

function keep(options: LeaseOptions, token: string): Lease {
  const { pool, milliseconds } = options;
  const lost = new AbortController();
  let expires = Date.now() + milliseconds;
  let renewing: Promise<void> | undefined;
  const renew = async () => {
    const begun = Date.now();
    try {
      if (await take(options, token)) expires = begun + milliseconds;
      else lost.abort();
    } catch {
      // Postgres doesn't answer: the lease stands until it runs out.
      if (Date.now() > expires) lost.abort();
    }
    renewing = undefined;
  };
  const timer = setInterval(() => {
    renewing ??= renew();
  }, milliseconds / 3);
  lost.signal.addEventListener('abort', () => clearInterval(timer));
  return {
    token,
    lost: lost.signal,
    release: async () => {
      clearInterval(timer);
      await renewing;
      await pool.query('DELETE FROM relata.lease WHERE owner = $1', [token]);
    },
  };
}

async function take({ pool, instance, milliseconds }: LeaseOptions, token: string): Promise<boolean> {
  const { rowCount } = await pool.query(TAKE, [token, instance, milliseconds]);
  return rowCount === 1;
}
