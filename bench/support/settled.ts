/** An app that has nothing left to do by itself, so that what is measured is what it is asked for. */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { cpuMsOfTree } from './processes.ts';

/** What autovacuum does within some minutes, done now, so that no round is measured in the middle of it. */
export async function vacuum(postgresUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  await client.query('VACUUM (ANALYZE)');
  await client.end();
}

const LOOK_MS = 1_000;
/** Of such a time; leases and clocks take some of it. */
const IDLE_MS = 50;

/** Resolves once the process and all below it have hardly worked for a while: trees have been built, heads signed. */
export async function untilIdle(pid: number): Promise<void> {
  let before = cpuMsOfTree(pid);
  for (let idle = 0; idle < 2; ) {
    await delay(LOOK_MS);
    const now = cpuMsOfTree(pid);
    idle = now - before < IDLE_MS ? idle + 1 : 0;
    before = now;
  }
}
