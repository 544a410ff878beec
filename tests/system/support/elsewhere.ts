/** What must hold of an instance on servers elsewhere, whichever they are: embedded ones of another process, or real ones. */
import { expect } from 'vitest';
import type { Bed, Running, StartOptions } from './bed.ts';
import { postgresProcesses, stop } from './bed.ts';
import { ask } from './graphql.ts';
import { eventually, type Program } from './program.ts';
import { nameOf, registerAccount } from './sales.ts';
import { query } from './sql.ts';

export type Servers = { readonly eventStoreUrl: string; readonly postgresUrl: string };

/** Instances that share stores share the key too. */
export const MASTER_KEY = Buffer.alloc(32, 7).toString('base64');

export const environment = ({ eventStoreUrl, postgresUrl }: Servers, roles?: string): NodeJS.ProcessEnv => ({
  RELATA_EVENTSTORE_URL: eventStoreUrl,
  RELATA_POSTGRES_URL: postgresUrl,
  RELATA_MASTER_KEY: MASTER_KEY,
  ...(roles && { RELATA_ROLES: roles }),
});

export const startOn = async (
  bed: Bed,
  servers: Servers,
  roles?: string,
  more?: Partial<StartOptions>,
): Promise<Running> => bed.start({ dir: await bed.folder(), env: environment(servers, roles), ...more });

/** A process with the projector alone, which nobody can ask anything. */
export const launchProjector = async (bed: Bed, servers: Servers): Promise<Program> =>
  bed.launch({ dir: await bed.folder(), env: environment(servers, 'projector') });

/** Who projects now, by the lease: `process 123`. */
export async function owner({ postgresUrl }: Servers): Promise<string | undefined> {
  const rows = await query(postgresUrl, 'SELECT instance FROM relata.lease WHERE until > clock_timestamp()');
  return rows[0]?.instance as string | undefined; // a text column
}

/** Processes whose projector has reached Postgres, as owner or standing by. */
export async function projectors({ postgresUrl }: Servers): Promise<number> {
  const rows = await query(
    postgresUrl,
    `SELECT count(DISTINCT application_name) AS n FROM pg_stat_activity WHERE application_name LIKE 'relata projector, %'`,
  );
  return Number(rows[0]?.n);
}

/** The API in one process, projectors in others: one projects, one stands by and takes over when the first is killed. */
export async function splitsItsRoles(bed: Bed, servers: Servers): Promise<void> {
  const api = await startOn(bed, servers, 'api');
  expect(postgresProcesses(api.dir), 'it starts no server of its own').toEqual([]);
  const first = await launchProjector(bed, servers);
  await eventually('one projects', async () => (await owner(servers)) === `process ${first.pid}`, first);
  expect(await nameOf(api.url, await registerAccount(api.url, 'One'))).toBe('One');

  const before = await projectors(servers);
  const [second, third] = [await launchProjector(bed, servers), await launchProjector(bed, servers)];
  await eventually('two stand by', async () => (await projectors(servers)) >= before + 2, second);
  expect(await owner(servers)).toBe(`process ${first.pid}`);
  expect(await stop(third)).toMatchObject({ code: 0, err: '' });

  first.signal('SIGKILL');
  const account = await registerAccount(api.url, 'Two');
  await eventually('the other projects', async () => (await nameAfter(api.url, account)) === 'Two', second);
  expect(await owner(servers)).toBe(`process ${second.pid}`);
  expect(await stop(second)).toMatchObject({ code: 0, err: '' });
  expect(await owner(servers), 'the lease is given back').toBeUndefined();
  expect(await stop(api)).toMatchObject({ code: 0, err: '' });
}

/** Nothing where it isn't visible in time. */
async function nameAfter(url: string, { id, position }: { id: string; position: string }): Promise<unknown> {
  const answer = await ask(url, 'query ($id: ID!, $at: Position) { account(id: $id, after: $at) { name } }', {
    id,
    at: position,
  });
  return (answer.data?.account as { name: string } | null | undefined)?.name;
}

/** Whatever one process has acknowledged, another one on the same servers shows. */
export async function sharesWhatItWrote(bed: Bed, servers: Servers): Promise<void> {
  const one = await startOn(bed, servers);
  const other = await startOn(bed, servers);
  const account = await registerAccount(one.url, 'Shared');
  expect(await nameOf(other.url, account)).toBe('Shared');
  await stop(one);
  expect(await nameOf(other.url, await registerAccount(other.url, 'Alone'))).toBe('Alone');
  await stop(other);
}
