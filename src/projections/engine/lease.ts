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
  while (!(await take(options, token))) {
    onHeld();
    await delay(options.milliseconds / 3, undefined, { signal });
  }
  return keep(options, token);
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
