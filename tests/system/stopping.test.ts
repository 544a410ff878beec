/** A stop, in every state: it answers what it has begun, ends with code 0, and leaves nothing running. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { createClient } from 'graphql-ws';
import pg from 'pg';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { tellDemo } from '../../src/integrations/demo/seedDemo.ts';
import { freePort } from '../../src/runtime/ports.ts';
import { copyOf, makeBed, postgresProcesses, stop } from './support/bed.ts';
import { ask } from './support/graphql.ts';
import { appendTo, typesInFolder } from './support/log.ts';
import { eventually, type Program } from './support/program.ts';
import { graphqlRequest, isListening, openConnection, readToEnd } from './support/rawHttp.ts';
import { nameOf, type Recorded, readyz, registerAccount, totals } from './support/sales.ts';

const bed = makeBed();
let dir: string;

/** The first test fills it, and each leaves it stopped. */
beforeAll(async () => {
  dir = await bed.folder();
});
afterEach(() => bed.killPrograms());

async function stopsCleanly(
  program: Program,
  folder = dir,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<void> {
  const { code, err } = await stop(program, signal);
  expect({ code, err }, program.out()).toEqual({ code: 0, err: '' });
  expect(postgresProcesses(folder)).toEqual([]);
  expect(existsSync(join(folder, 'run.json'))).toBe(false);
}

test('in the middle of the demo data: the next start finishes them', async () => {
  const program = bed.launch({ dir, args: ['--demo'] });
  await eventually('it makes up demo data', () => program.out().includes('Making up demo data'), program);
  await stopsCleanly(program);
  const told = tellDemo({ workspaceId: 'default', now: new Date() }).flatMap(chapter =>
    chapter.flatMap(story => [...story]),
  );
  const counted = (name: string) => told.filter(request => request.name === name).length;
  const opened = (await typesInFolder(join(dir, 'eventstore'))).filter(type => type === 'OpportunityOpened');
  expect(opened.length, 'it has not waited for the end').toBeLessThan(counted('openOpportunity'));

  const app = await bed.start({ dir, args: ['--demo'] });
  expect(await totals(app.url)).toMatchObject({
    accounts: counted('registerAccount'),
    contacts: counted('createContact'),
    opportunities: counted('openOpportunity'),
    products: counted('introduceProduct'),
  });
  await stopsCleanly(app, dir, 'SIGHUP');
});

test('under load: what is on its way is answered, nobody is told 5xx, and what was acknowledged is there', async () => {
  let app = await bed.start({ dir });
  const acknowledged: Recorded[] = [];
  const statuses = new Set<number>();
  const worker = async (n: number) => {
    for (let i = 0; ; i++) {
      const answer = await ask(
        app.url,
        `mutation { registerAccount(input: { name: "Load ${n}-${i}" }) { id position } }`,
      );
      statuses.add(answer.status);
      expect(answer.errors).toBeUndefined();
      acknowledged.push(answer.data?.registerAccount as Recorded); // as was asked
    }
  };
  const working = Promise.allSettled(Array.from({ length: 16 }, (_, n) => worker(n)));
  await eventually('it is at work', () => acknowledged.length > 200, app);
  const before = await openConnection(app.url);
  const begun = await openConnection(app.url);
  const { head, body } = graphqlRequest(
    app.url,
    'mutation { registerAccount(input: { name: "Begun" }) { id } }',
  );
  begun.write(head);
  expect(String(await once(begun, 'data'))).toBe('HTTP/1.1 100 Continue\r\n\r\n');

  app.signal('SIGTERM');
  await eventually('it takes no more connections', async () => !(await isListening(app.url)));
  begun.write(body);
  before.write(head + body);
  const answers = await Promise.all([readToEnd(begun), readToEnd(before)]);
  expect(answers[0]).toMatch(/^HTTP\/1.1 200 .*connection: close.*"registerAccount":\{"id":/is);
  expect(answers[1]).not.toMatch(/HTTP\/1.1 5/);
  const { code, err } = await app.ended;
  expect({ code, err }).toEqual({ code: 0, err: '' });
  for (const { reason } of (await working) as PromiseRejectedResult[]) // a worker only ends by failing
    expect(reason).toMatchObject({ message: 'fetch failed' });
  expect([...statuses]).toEqual([200]);

  app = await bed.start({ dir });
  for (const account of acknowledged) expect(await nameOf(app.url, account)).toMatch(/^Load /);
  await stopsCleanly(app);
});

test('with subscribers on both sides, who are told that it is over', async () => {
  const app = await bed.start({ dir });
  const url = new URL('/graphql', app.url);
  url.protocol = 'ws:';
  let closed = false;
  const subscriber = createClient({ url: url.href, retryAttempts: 0, on: { closed: () => (closed = true) } });
  const heard: string[] = [];
  subscriber.subscribe(
    { query: 'subscription { accountChanged { account { name } } }' },
    {
      next: ({ data }) => heard.push(JSON.stringify(data)),
      error: () => undefined,
      complete: () => undefined,
    },
  );
  const client = EventStoreDBClient.connectionString(app.eventStoreUrl);
  const events: string[] = [];
  const subscription = client
    .subscribeToAll({ fromPosition: 'end' })
    .on('error', () => undefined)
    .on('data', ({ event }) => events.push(event?.type ?? ''));
  bed.atEnd(async () => subscription.destroy());

  // Subscribing takes a moment, of which a subscriber isn't told.
  await eventually('both have heard', async () => {
    await registerAccount(app.url, 'Heard');
    return heard.some(text => text.includes('Heard')) && events.includes('AccountRegistered');
  });
  await stopsCleanly(app);
  await eventually('the subscriber knows', () => closed);
});

/** The next start makes them anew. The keys of persons are in the same database, so that can't go. */
async function forgetReadModels(postgresUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  await client.query(`
    UPDATE relata.builds SET status = 'retired' WHERE model <> 'logClock';
    UPDATE relata.builds SET commit_position = -1, prepare_position = -1, event_id = NULL;
    TRUNCATE relata.log_clock`);
  await client.end();
}

test('while the read models catch up, held up by a lock', async () => {
  const copy = await copyOf(dir, await bed.folder());
  const before = await bed.start({ dir: copy });
  await forgetReadModels(before.postgresUrl);
  await stopsCleanly(before, copy);
  const app = await bed.start({ dir: copy, until: 'listening' });
  const holder = new pg.Client({ connectionString: app.postgresUrl });
  holder.on('error', () => undefined); // it is cut off
  await holder.connect();
  await holder.query('BEGIN; LOCK TABLE relata.builds IN ACCESS EXCLUSIVE MODE');
  await stopsCleanly(app, copy);
  const again = await bed.start({ dir: copy });
  expect(Object.values(await totals(again.url))).not.toContain(0);
  await stopsCleanly(again, copy);
});

test('with an event that no Relata knows in a stream: it says which, goes on serving, and stops', async () => {
  let app = await bed.start({ dir });
  const opportunity = await ask(app.url, '{ opportunities(first: 1) { edges { node { id } } } }');
  const id = /"id":"([^"]+)"/.exec(JSON.stringify(opportunity.data))?.[1] ?? '';
  await appendTo(app.eventStoreUrl, `opportunity-default.${id}`, 'OpportunityFrobnicated');
  const isDegraded = async () => (await readyz(app.url)).body.status === 'degraded';
  await eventually('it is degraded', isDegraded, app);

  const degraded = { status: 200, body: { parts: { readModels: { ok: true, degraded: true } } } };
  const read = `{ opportunity(id: "${id}") { id } }`;
  const told = {
    data: { opportunity: null },
    errors: [{ path: ['opportunity'], extensions: { code: 'PARKED' } }],
  };
  expect(await readyz(app.url)).toMatchObject(degraded);
  expect(await ask(app.url, read)).toMatchObject(told);
  expect(
    await ask(app.url, `mutation { tagOpportunity(input: { id: "${id}", tags: ["x"] }) { id } }`),
  ).toMatchObject({
    errors: [{ extensions: { code: 'STREAM_UNREADABLE' } }],
  });
  expect((await registerAccount(app.url, 'Another')).id).toBeDefined();
  await stopsCleanly(app);

  app = await bed.start({ dir });
  await eventually('it says so again', isDegraded, app);
  expect(await readyz(app.url)).toMatchObject(degraded);
  expect(await ask(app.url, read)).toMatchObject(told);
  await stopsCleanly(app);
});

test('while it waits for a server elsewhere that does not answer', async () => {
  const empty = await bed.folder();
  const env = { RELATA_EVENTSTORE_URL: `esdb://127.0.0.1:${await freePort()}?tls=false` };
  const program = bed.launch({ dir: empty, env });
  await eventually('it has begun', () => existsSync(join(empty, 'relata.json')), program);
  await stopsCleanly(program, empty);
});
