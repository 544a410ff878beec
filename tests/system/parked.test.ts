/** `relata parked`, as an administrator uses it, and what others see meanwhile. */
import { jsonEvent } from '@eventstore/db-client';
import { beforeAll, expect, test } from 'vitest';
import { connectEventStore, disconnect } from '../../src/eventstore/client.ts';
import { makeBed, type Running, settings } from './support/bed.ts';
import { eventually, relata } from './support/program.ts';
import { type Recorded, readyz, registerAccount } from './support/sales.ts';

const bed = makeBed();
let app: Running;
let account: Recorded;

const parked = (...args: readonly string[]) =>
  bed.use(relata(['parked', ...args], { env: settings(app.dir) })).ended;

beforeAll(async () => {
  app = await bed.start({ dir: await bed.folder() });
  account = await registerAccount(app.url, 'Nordwind');
});

test('nothing is parked', async () => {
  expect(await parked()).toMatchObject({ code: 0, out: 'Nothing is parked.\n' });
});

test('an event of another version is listed, and degrades no more than what it touches', async () => {
  const client = connectEventStore(app.eventStoreUrl);
  await client.appendToStream(
    `account-default.${account.id}`,
    jsonEvent({ type: 'AccountDreamt', data: {} }),
  );
  await disconnect(client);
  await eventually('it is degraded', async () => (await readyz(app.url)).body.status === 'degraded');
  const { status, body } = await readyz(app.url);
  expect([status, body.parts.readModels?.message]).toEqual([200, expect.stringContaining(': 2;')]);

  const list = await parked('list');
  expect(list.code).toBe(0);
  expect(list.out).toMatch(
    new RegExp(`accounts +${account.id} +UNDECODABLE +AccountDreamt \\(revision 1\\) +0\n`),
  );
  const id = /^(\d+) +accounts /m.exec(list.out)?.[1] ?? '';
  const show = await parked('show', id);
  expect(show.out).toContain('UNDECODABLE: unknown event type for a stream of account');
  expect(show.out).toContain(`AccountDreamt (revision 1) of account-default.${account.id}`);
});

test('what is still in the way is told, and the exit code says so', async () => {
  const { code, out } = await parked('retry', '--all');
  expect(code).toBe(1);
  expect(
    out
      .trim()
      .split('\n')
      .map(line => line.replace(/^\d+ /, '')),
  ).toEqual([
    'stays parked: unknown event type for a stream of account',
    'stays parked: unknown event type for a stream of account',
  ]);
});

test.each([
  [['show', '999'], /^Nothing is parked under 999; /],
  [['show'], /^Say relata parked list \| show ID/],
  [['retry'], /^Say relata parked list \| show ID/],
  [['retry', '1', '--all'], /^Say relata parked list \| show ID/],
])('%j is refused', async (args, message) => {
  const { code, err } = await parked(...args);
  expect(code).toBe(1);
  expect(err).toMatch(message);
});
