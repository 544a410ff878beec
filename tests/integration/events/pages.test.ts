/** The event feed in pages, over HTTP. */

import { randomUUID } from 'node:crypto';
import { jsonEvent } from '@eventstore/db-client';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FeedWorld, openFeedWorld, pageAt } from './feedWorld.ts';

let world: FeedWorld;
let accountId: string;
beforeAll(async () => {
  world = await openFeedWorld();
  ({ id: accountId } = await world.send('registerAccount', { name: 'Acme', tags: ['a'] }));
  await world.send('tagAccount', { tags: ['b', 'c', 'd'] }, accountId);
  await world.send('registerAccount', { name: 'Elsewhere' }, undefined, 'other');
  await world.send('createContact', { name: 'Ann', emails: ['ann@example.com'] });
  await world.send('archiveAccount', {}, accountId);
});
afterAll(() => world.close());

const open = async () => (await world.logged()).filter(({ category }) => category !== 'reservation');

test('each event is a CloudEvent that says all of its envelope, and whose data fit the schema it names', async () => {
  const { events, atEnd } = await world.page('');
  const logged = await open();
  expect(atEnd).toBe(true);
  expect(events.map(event => event.id)).toEqual(logged.map(event => event.id));
  expect(events.length).toBe(6);
  for (const [i, event] of events.entries()) {
    const source = logged[i]!;
    expect(event).toMatchObject({
      specversion: '1.0',
      source: '/workspaces/default',
      type: `relata.${source.type}`,
      subject: `${source.category}/${source.aggregateId}`,
      time: source.occurredAt,
      datacontenttype: 'application/json',
      dataschema: `${world.url}/events/schemas/${source.type}?version=1`,
      position: `${source.position}.${source.position}.${source.id.slice(0, 8)}`,
      revision: source.revision,
      recordedat: source.recordedAt,
      workspaceid: 'default',
      actor: `${source.actor.type}/${source.actor.id}`,
      commandid: source.commandId,
      correlationid: source.correlationId,
      causationid: source.causationId,
      data: source.data,
    });
    const schema = (await (await fetch(event.dataschema!)).json()) as object;
    const ajv = new Ajv({ strict: false });
    formats.default(ajv);
    expect(ajv.validate(schema, event.data), JSON.stringify(ajv.errors)).toBe(true);
  }
});

test('any split into pages gives the same events, by header or by link', async () => {
  const whole = (await world.page('?limit=1000')).events.map(event => event.id);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 20, maxLength: 20 }),
      fc.boolean(),
      async (limits, byLink) => {
        const got: string[] = [];
        let address = `${world.url}/events?limit=${limits[0]}`;
        for (const limit of limits) {
          const { events, next, link, atEnd } = await pageAt(address);
          got.push(...events.map(event => event.id));
          if (atEnd) break;
          address = byLink ? world.url + link : `${world.url}/events?after=${next}&limit=${limit}`;
        }
        expect(got).toEqual(whole);
      },
    ),
    { numRuns: 15 },
  );
});

test('a page begins behind a command’s position, or an event’s own', async () => {
  const all = (await world.page('')).events;
  for (const [i, event] of all.entries())
    for (const after of [String(event.position), String(event.position).split('.')[0]]) {
      const { events } = await world.page(`?after=${after}`);
      expect(events.map(each => each.id)).toEqual(all.slice(i + 1).map(each => each.id));
    }
  const { events, next, atEnd } = await world.page('?after=end');
  expect([events, atEnd]).toEqual([[], true]);
  expect(next).toMatch(/^\d+\.\d+\.[0-9a-f]{8}$/);
});

describe('who asks for less gets less', () => {
  test.each([
    ['types=AccountTagApplied', 3],
    ['types=AccountTagApplied,relata.ContactCreated', 4],
    ['category=account', 5],
    ['types=ReservationHeld', 1],
    ['category=reservation', 2],
    ['types=OpportunityWon', 0],
  ])('%s', async (query, count) => expect((await world.page(`?${query}`)).events).toHaveLength(count));

  test('of one record', async () => {
    const { events } = await world.page(`?subject=account/${accountId}`);
    expect(new Set(events.map(event => event.subject))).toEqual(new Set([`account/${accountId}`]));
    expect(events).toHaveLength(5);
  });

  test('and goes on behind what he did not want: the link keeps the question', async () => {
    const { events, next, link, atEnd } = await world.page('?types=OpportunityWon&limit=5');
    expect([events, atEnd]).toEqual([[], true]);
    expect(link).toBe(`/events?types=OpportunityWon&limit=5&after=${next}`);
    expect(next).toBe((await world.page('?after=end')).next);
  });
});

test('nothing of another workspace', async () => {
  const { url } = await world.serve({ workspaceId: 'other' });
  const { events } = await world.page('', url);
  expect(events.map(event => [event.source, event.data?.name])).toEqual([['/workspaces/other', 'Elsewhere']]);
  expect((await world.page(`?subject=account/${accountId}`, url)).events).toEqual([]);
});

test('an empty page waits for what comes, and not for what it was not asked for', async () => {
  const { next } = await world.page('?after=end');
  let answered = false;
  const waiting = world.page(`?after=${next}&types=ContactCreated&wait=30`).then(page => {
    answered = true;
    return page;
  });
  await world.send('registerAccount', { name: 'Not this' });
  const soon = await world.page(`?after=${next}&wait=30`);
  expect(soon.events.map(event => event.type)).toEqual(['relata.AccountRegistered']);
  expect(answered).toBe(false);
  const { id } = await world.send('createContact', { name: 'Bob' });
  expect((await waiting).events.map(event => event.subject)).toEqual([`contact/${id}`]);
  const none = await world.page(`?after=end&wait=1`);
  expect([none.events, none.atEnd]).toEqual([[], true]);
});

test('what cannot be read is told in its place, without data, and what follows it comes', async () => {
  const { next } = await world.page('?after=end');
  const { id } = await world.send('registerAccount', { name: 'Before' });
  const foreign = `account-default.${id}`;
  const metadata = { workspaceId: 'default' };
  await world.client.appendToStream(foreign, [
    jsonEvent({ id: randomUUID(), type: 'AccountDissolved', data: { secret: 1 }, metadata }),
    jsonEvent({
      id: randomUUID(),
      type: 'AccountArchived',
      data: { secret: 1 },
      metadata: { ...metadata, eventVersion: 9 },
    }),
  ]);
  await world.client.appendToStream(
    `invoice-default.${id}`,
    jsonEvent({ id: randomUUID(), type: 'InvoiceSent', data: { secret: 1 }, metadata }),
  );
  await world.client.appendToStream('shop-1', jsonEvent({ id: randomUUID(), type: 'Sold', data: {} }));
  await world.send('registerAccount', { name: 'After' });
  const { events } = await world.page(`?after=${next}`);
  expect(events.map(event => [event.type, event.undecodabletype, event.reason])).toEqual([
    ['relata.AccountRegistered', undefined, undefined],
    ['relata.Undecodable', 'AccountDissolved', 'unknown event type for a stream of account'],
    ['relata.Undecodable', 'AccountArchived', 'its metadata is no envelope'],
    ['relata.Undecodable', 'InvoiceSent', 'unknown category invoice'],
    ['relata.AccountRegistered', undefined, undefined],
  ]);
  expect(events[1]).toMatchObject({ subject: `account/${id}`, revision: 1, source: '/workspaces/default' });
  expect(JSON.stringify(events)).not.toContain('secret');
});

describe('it is refused', () => {
  const refused = async (query: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${world.url}/events${query}`, { headers });
    const { errors } = (await answer.json()) as { errors: [{ extensions: Record<string, unknown> }] };
    return { status: answer.status, ...errors[0].extensions };
  };

  test.each([
    ['?after=x', 'after'],
    ['?after=1.2', 'after'],
    ['?limit=0', 'limit'],
    ['?limit=1001', 'limit'],
    ['?limit=ten', 'limit'],
    ['?limit=1&limit=2', 'limit'],
    ['?wait=31', 'wait'],
    ['?types=AccountRegisterd', 'types'],
    ['?types=', 'types'],
    ['?category=acount', 'category'],
    ['?subject=account', 'subject'],
    ['?subject=account/1', 'recordId'],
    ['?type=AccountRegistered', ''],
  ])('%s, with what is wrong', async (query, path) =>
    expect(await refused(query)).toMatchObject({ status: 400, code: 'VALIDATION', fields: [{ path }] }),
  );

  test.each(['999999999.999999999', '1.1.00000000'])('behind a place of another log (%s)', async cursor =>
    expect(await refused(`?after=${cursor}`)).toMatchObject({
      status: 409,
      code: 'CURSOR_UNKNOWN',
      details: { cursor },
    }),
  );

  test('to pages of other sites, by whatever kind of request', async () => {
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }])
      expect(await refused('', headers)).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    expect((await fetch(`${world.url}/events`, { headers: { origin: world.url } })).status).toBe(200);
  });
});
