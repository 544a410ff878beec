/** With stores of another process, by their URLs; and what becomes of a process when they fall silent. */
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { signal } from '../../src/runtime/processes.ts';
import { makeBed, postgresProcesses, type Running, stop } from './support/bed.ts';
import {
  launchProjector,
  MASTER_KEY,
  owner,
  sharesWhatItWrote,
  splitsItsRoles,
  startOn,
} from './support/elsewhere.ts';
import { eventually } from './support/program.ts';
import { nameOf, readyz, registerAccount } from './support/sales.ts';

const bed = makeBed();
/** Its stores are everybody's; it has no projector, so that others can have the lease. */
let host: Running;

beforeAll(async () => {
  const env = { RELATA_ROLES: 'api', RELATA_MASTER_KEY: MASTER_KEY };
  host = await bed.start({ dir: await bed.folder(), env });
});

test('roles in processes of their own, of which one takes over from another', () =>
  splitsItsRoles(bed, host));

test('an owner that is stopped is replaced, and stands by when it wakes', async () => {
  const api = await startOn(bed, host, 'api');
  const first = await launchProjector(bed, host);
  await eventually('one projects', async () => (await owner(host)) === `process ${first.pid}`, first);
  const second = await launchProjector(bed, host);
  first.signal('SIGSTOP');
  await eventually('the other projects', async () => (await owner(host)) === `process ${second.pid}`, second);
  const account = await registerAccount(api.url, 'While it slept');
  expect(await nameOf(api.url, account)).toBe('While it slept');
  first.signal('SIGCONT');
  expect(await nameOf(api.url, await registerAccount(api.url, 'Since it woke'))).toBe('Since it woke');
  expect(await owner(host)).toBe(`process ${second.pid}`);
  expect(await stop(second)).toMatchObject({ code: 0, err: '' });
  await eventually('it takes over again', async () => (await owner(host)) === `process ${first.pid}`, first);
  expect(await nameOf(api.url, await registerAccount(api.url, 'By the first'))).toBe('By the first');
  for (const program of [first, api]) expect(await stop(program)).toMatchObject({ code: 0, err: '' });
});

test('several instances show what each has written', () => sharesWhatItWrote(bed, host));

test('a store that falls silent: not ready, and a stop does not wait for it', async () => {
  const app = await startOn(bed, host);
  const silenced = [host.pid, ...postgresProcesses(host.dir)];
  const tell = (name: NodeJS.Signals) => silenced.map(pid => signal(pid, name));
  onTestFinished(() => void tell('SIGCONT'));
  host.signal('SIGSTOP');
  await eventually('it is not ready', async () => (await readyz(app.url)).status === 503, app);
  expect((await readyz(app.url)).body.parts).toMatchObject({
    eventStore: { ok: false, message: 'the event store does not answer' },
    postgres: { ok: true },
  });
  tell('SIGSTOP');
  expect((await stop(app)).code).toBe(0);
});

test('a stop while it waits for the lease that another holds', async () => {
  const holder = await startOn(bed, host);
  await eventually('it projects', async () => (await owner(host)) === `process ${holder.pid}`, holder);
  const standby = await startOn(bed, host, 'api,projector');
  expect((await readyz(standby.url)).status).toBe(200);
  expect(await stop(standby)).toMatchObject({ code: 0, err: '' });
  expect(await owner(host)).toBe(`process ${holder.pid}`);
  expect(await stop(holder)).toMatchObject({ code: 0, err: '' });
});
