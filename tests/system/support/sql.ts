/** SQL asked of an instance's Postgres, as an analyst or an attacker would. */
import pg from 'pg';

export async function query(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // the query fails as well
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Keeps the read models where they are, while they can be read. @returns how to let them go on. */
export const holdUp = (url: string) => holdOpen(url, 'SELECT 1 FROM relata.builds FOR UPDATE');

/** A transaction that has asked this and doesn't end. @returns how to end it. */
export async function holdOpen(url: string, sql: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // Postgres may be ended meanwhile
  await client.connect();
  await client.query(`BEGIN; ${sql}`);
  return () => client.end();
}
