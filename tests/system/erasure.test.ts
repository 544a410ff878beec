/**
 * A person is erased, and nothing of them can be found any more: in no table, no answer for any moment, no log line, no
 * file. Who they were was typed wherever it may be typed as such.
 */

import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { makeBed, type Running, settings, stop } from './support/bed.ts';
import { ask, data } from './support/graphql.ts';
import { eventually, relata } from './support/program.ts';
import { totals } from './support/sales.ts';
import { query } from './support/sql.ts';
import { dumpOf, filesWith, tracesOf } from './support/traces.ts';

const NAME = 'Zénobie Quatrebarbes';
const WORDS = {
  name: NAME,
  married: 'Zénobie Montgolfière-Quatrebarbes',
  email: 'zenobie.quatrebarbes@canary.example',
  second: 'quatrebarbes.private@canary.example',
  phone: '+499988776655',
  title: 'Hohepriesterin der Einkaufsabteilung',
  reason: 'asked by letter to be left in peace for ever',
};
const traces = tracesOf([...Object.values(WORDS), 'Quatrebarbes', '9988776655']);

const bed = makeBed();
let app: Running;
let position: string;

type Done = { readonly id: string; readonly position: string };

/** @returns what it answered, by position and id. */
async function send(command: string, input: object): Promise<Done> {
  const type = `${command.charAt(0).toUpperCase()}${command.slice(1)}Input`;
  const document = `mutation ($input: ${type}!) { done: ${command}(input: $input) { id position } }`;
  const { done } = await data<{ done: Done }>(app.url, document, { input });
  position = done.position;
  return done;
}

const shown = () =>
  data(app.url, 'query ($at: Position) { users(afterPosition: $at) { totalCount } }', { at: position });

const CONTACT = `fragment All on Contact {
  id name emails verifiedEmails phones title locale tags archived erasedAt accountIds
  timeline(first: 50) { nodes { type data } }
}`;
const WORKER = `fragment Worker on User { id name email jobTitle erasedAt timeline(first: 50) { nodes { type data } } }`;
const PERSON = `${CONTACT} ${WORKER} query ($id: ID!, $user: ID!, $asOf: Moment, $knownAt: Position) {
  contact(id: $id, asOf: $asOf, knownAtPosition: $knownAt) { ...All }
  contacts(asOf: $asOf, knownAtPosition: $knownAt, orderBy: [{ field: name }]) { totalCount edges { cursor node { ...All } } }
  user(id: $user, asOf: $asOf, knownAtPosition: $knownAt) { ...Worker }
  users(asOf: $asOf, knownAtPosition: $knownAt) { totalCount edges { cursor node { ...Worker } } }
  timeline(recordId: $id) { edges { cursor node { type data } } }
}`;

/** Figures that people report. */
const FIGURES = `{
  accounts { edges { node { name contacts { totalCount } opportunities { totalCount } } } }
  pipelineBoard { columns { count totals { amount currency } } }
  opportunitySummary(groupBy: OWNER) { key count totals { amount currency } }
  contacts(filter: { tags: { contains: "vip" } }) { totalCount }
}`;

let [person, user, account]: string[] = [];
let before: { readonly position: string; readonly figures: unknown; readonly totals: unknown };
const heard: unknown[] = [];
let told: Promise<void>;

beforeAll(async () => {
  app = await bed.start({ dir: await bed.folder() });
  ({ id: account } = await send('registerAccount', { name: 'Nordwind' }));
  ({ id: user } = await send('inviteUser', { name: NAME, email: WORDS.email, jobTitle: WORDS.title }));
  const { id: pipelineId } = await send('definePipeline', {
    name: 'Sales',
    stages: [{ name: 'New' }, { name: 'Won', category: 'won' }, { name: 'Lost', category: 'lost' }],
  });
  ({ id: person } = await send('createContact', {
    name: NAME,
    emails: [WORDS.email],
    phones: [WORDS.phone],
    title: WORDS.title,
    locale: 'fr-FR',
    tags: ['vip'],
    ownerId: user,
    occurredAt: '2020-01-01T00:00:00Z',
  }));
  await send('changeContactDetails', { id: person, name: WORDS.married });
  await send('addContactEmail', { id: person, email: WORDS.second });
  await send('verifyContactEmail', { id: person, email: WORDS.second });
  await send('addContactEmail', { id: person, email: 'quatrebarbes.gone@canary.example' });
  await send('removeContactEmail', { id: person, email: 'quatrebarbes.gone@canary.example' });
  await send('affiliateContact', { id: person, accountId: account, role: 'Buyer' });
  await send('archiveContact', { id: person, reason: WORDS.reason });
  await send('restoreContact', { id: person });
  await send('openOpportunity', {
    name: 'Deal',
    accountId: account,
    pipelineId,
    ownerId: user,
    primaryContactId: person,
    amount: { amount: '100', currency: 'EUR' },
  });
  await send('logActivity', { subject: 'Called', type: 'call', contactIds: [person] });
  await send('createContact', { name: 'Bystander', emails: ['by@example.com'] });
  // What is refused leaves no trace either.
  const taken = { name: NAME, emails: [WORDS.email] };
  const create = 'mutation ($input: CreateContactInput!) { createContact(input: $input) { id } }';
  expect((await ask(app.url, create, { input: taken })).errors?.[0]?.extensions?.code).toBe('RULE_VIOLATION');
  expect((await ask(app.url, create, { input: { ...taken, phones: [NAME] } })).errors).toHaveLength(1);
  expect((await ask(app.url, `mutation { createContact(input: { name: "${NAME}" `)).errors).toHaveLength(1);
  await shown();
});

test('as long as they are not, they are found; and in the event store not even then', async () => {
  const dump = await dumpOf(app.postgresUrl);
  const tables = [...dump].filter(([, text]) => traces.in(text).length > 0).map(([name]) => name);
  expect(tables.map(name => name.replace(/_v\d+_b\d+/, '')).sort()).toEqual([
    'contacts.history',
    'contacts.rows',
    'timeline.rows',
    'users.rows',
  ]);
  const seen = await data<object>(app.url, PERSON, { id: person, user, asOf: '2021-01-01' });
  expect(traces.in(JSON.stringify(seen))).toContain(NAME);
  expect(await filesWith(traces, join(app.dir, 'eventstore'))).toEqual([]);
  expect(await filesWith(traces, join(app.dir, 'logs'))).toEqual([]);
});

describe('once they are erased', () => {
  beforeAll(async () => {
    before = {
      position,
      figures: await data(app.url, FIGURES),
      totals: await totals(app.url),
    };
    const client = createClient({
      url: `${app.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    const changes = client.iterate({
      query: `${CONTACT} subscription { contactChanged { contact { ...All } } }`,
    });
    const listen = async () => {
      for await (const change of changes) {
        heard.push(change);
        if (JSON.stringify(change).includes('"erasedAt":"')) break;
      }
      await client.dispose();
    };
    told = listen();
    let tags = 0;
    await eventually('it is heard', async () => {
      await send('tagContact', { id: person, tags: [`heard ${tags++}`] });
      return heard.length > 0;
    });
    await send('eraseContact', { id: person, reason: 'on request of the 3rd' });
    await send('eraseUser', { id: user });
    await shown();
  });

  test('there are no keys for them, as soon as it is answered', async () => {
    const rows = await query(
      app.postgresUrl,
      `SELECT subject_category AS category, wrapped IS NULL AS gone FROM vault.subject_keys
       WHERE subject_id IN ('${person}', '${user}') ORDER BY 1`,
    );
    expect(rows).toEqual([
      { category: 'contact', gone: true },
      { category: 'user', gone: true },
    ]);
  });

  test('no table has anything of them, and none that Postgres keeps for itself', async () => {
    const dump = await dumpOf(app.postgresUrl);
    expect(dump.size).toBeGreaterThan(80);
    expect([...dump].filter(([, text]) => traces.in(text).length > 0).map(([name]) => name)).toEqual([]);
    expect(dump.get('pg_catalog.pg_stats')).toBeDefined();
  });

  test.each([
    ['now', () => ({})],
    ['on a day before', () => ({ asOf: '2021-01-01' })],
    ['as it was known before', () => ({ knownAt: before.position })],
    ['both', () => ({ asOf: '2021-01-01', knownAt: before.position })],
  ])('no answer has: %s', async (_, moment) => {
    const seen = await data<{ contact: object; contacts: { totalCount: number } }>(app.url, PERSON, {
      id: person,
      user,
      ...moment(),
    });
    expect(traces.in(JSON.stringify(seen))).toEqual([]);
    expect(seen.contact).toMatchObject({
      name: null,
      emails: [],
      phones: [],
      verifiedEmails: [],
      title: null,
    });
    expect(seen.contact).toMatchObject({ locale: 'fr-FR' });
  });

  test('who listens hears that they are erased, and nothing else of them', async () => {
    await told;
    const last = { data: { contactChanged: { contact: { name: null, erasedAt: expect.any(String) } } } };
    expect(heard.at(-1)).toMatchObject(last);
    expect(traces.in(JSON.stringify(heard.at(-1)))).toEqual([]);
  });

  test('what is counted and added up stays as it was', async () => {
    expect(await totals(app.url)).toEqual(before.totals);
    expect(await data(app.url, FIGURES)).toEqual(before.figures);
  });

  test('nothing can be added to them, their addresses are free, and to erase them again is no news', async () => {
    const rename = 'mutation ($id: ID!) { changeContactDetails(input: { id: $id, name: "Nobody" }) { id } }';
    expect((await ask(app.url, rename, { id: person })).errors).toMatchObject([
      { extensions: { code: 'RULE_VIOLATION', rule: 'ERASED' } },
    ]);
    const { id: other } = await send('createContact', { name: 'Another', emails: [WORDS.email] });
    await send('removeContactEmail', { id: other, email: WORDS.email });
    await send('eraseContact', { id: other });
    await send('eraseContact', { id: person });
    await shown();
  });

  test('a read model that is built anew is the same', async () => {
    const shownNow = async () => {
      const dump = await Promise.all(
        ['contacts', 'contacts_history', 'users', 'users_history', 'timeline'].map(view =>
          query(app.postgresUrl, `SELECT t::text AS row FROM crm.${view} t ORDER BY 1`),
        ),
      );
      return dump.map(rows => rows.map(({ row }) => row));
    };
    const live = await shownNow();
    const rebuild = bed.use(relata(['rebuild', '--all'], { env: settings(app.dir) }));
    expect((await rebuild.ended).code).toBe(0);
    expect(await shownNow()).toEqual(live);
    expect(live.map(rows => rows.length).every(length => length > 0)).toBe(true);
  });

  test('chains, trees and read models verify', async () => {
    const { code, out } = await bed.use(relata(['verify'], { env: settings(app.dir) })).ended;
    expect(code, out).toBe(0);
    expect(traces.in(out)).toEqual([]);
  });

  test('what was printed and logged says nothing of them', () =>
    expect(traces.in(app.out() + app.err())).toEqual([]));

  test('when what was cleared is swept out of its files, they hold nothing of them either', async () => {
    await eventually('it is vacuumed', async () => {
      const open = await query(app.postgresUrl, 'SELECT FROM relata.erasures WHERE NOT vacuumed');
      return open.length === 0;
    });
    // As docs/personal-data.md says: read models built anew leave their old files at the next start.
    const wal = (path: string) => path.includes('/pg_wal/');
    await query(app.postgresUrl, 'VACUUM FULL vault.subject_keys');
    expect((await stop(app)).code).toBe(0);
    app = await bed.start({ dir: app.dir });
    expect((await stop(app)).code).toBe(0);
    expect(await filesWith(traces, app.dir, wal)).toEqual([]);
    app = await bed.start({ dir: app.dir });
  });
});
