/** `/metrics` of a whole instance: what has happened is what is counted, and the dashboard asks for nothing else. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type Instance, startInstance } from '../../../src/app/instance.ts';
import { keysOf } from '../../../src/app/keys.ts';
import { openWriteSide } from '../../../src/app/writeSide.ts';
import { loadConfig } from '../../../src/config.ts';
import { readMasterKey } from '../../../src/runtime/dataFolder.ts';
import { readRunningInstance } from '../../../src/runtime/instance.ts';
import { openStream } from '../events/sse.ts';

let dir: string;
let instance: Instance;
let url: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'relata-metrics-'));
  const config = loadConfig({ RELATA_DATA_DIR: dir, RELATA_PORT: '0', RELATA_LOG_LEVEL: 'silent' });
  instance = await startInstance({ config, development: false });
  url = instance.url ?? '';
});
afterAll(async () => {
  await instance.close();
  await rm(dir, { recursive: true, force: true });
});

type Sample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

async function scrape() {
  const answer = await fetch(`${url}/metrics`);
  expect(answer.status).toBe(200);
  const text = await answer.text();
  const samples = text
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
    .map((line): Sample => {
      const [, name = '', labels = '', value = ''] = /^([a-z_:0-9]+)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
      const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', each = '']) => [key, each]);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
  const value = (name: string, labels: Sample['labels'] = {}) =>
    samples.find(
      sample =>
        sample.name === name && Object.entries(labels).every(([key, each]) => sample.labels[key] === each),
    )?.value;
  return { answer, text, samples, value };
}

const graphql = async (query: string) =>
  (await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  }).then(answer => answer.json())) as { data: Record<string, { id: string }>; errors?: unknown };

/** Resolves once the page says so. */
async function until(is: (page: Awaited<ReturnType<typeof scrape>>) => boolean) {
  for (;;) {
    const page = await scrape();
    if (is(page)) return page;
  }
}

const register = (more = '') =>
  graphql(
    `mutation { registerAccount(input: { name: "Private & Secret Ltd" ${more} }) { id position account { name } } }`,
  );

test('commands by name and outcome, and how long appends took', async () => {
  const before = await scrape();
  const { id = '' } = (await register('commandId: "one"')).data.registerAccount ?? {};
  await register('commandId: "one"');
  await register('commandId: "one", industry: "other"');
  await graphql(`mutation { archiveAccount(input: { id: "${id}" }) { id } }`);
  await graphql(`mutation { archiveAccount(input: { id: "${id}" }) { id } }`);
  await graphql(`mutation { changeAccountDetails(input: { id: "${id}", name: "x" }) { id } }`);
  await instance.writeSide.dispatch(
    { name: 'no such command', input: {} },
    { workspaceId: 'default', actor: { type: 'user', id: 'a' } },
  );
  const { value } = await scrape();
  const count = (command: string, outcome: string) => value('relata_commands_total', { command, outcome });
  expect({
    done: count('registerAccount', 'done'),
    repeated: count('registerAccount', 'repeated'),
    reused: count('registerAccount', 'COMMAND_ID_REUSED'),
    archived: count('archiveAccount', 'done'),
    again: count('archiveAccount', 'unchanged'),
    refused: count('changeAccountDetails', 'RULE_VIOLATION'),
    unknown: count('unknown', 'VALIDATION'),
  }).toEqual({ done: 1, repeated: 1, reused: 1, archived: 1, again: 1, refused: 1, unknown: 1 });
  const ok = { outcome: 'ok' };
  expect(value('relata_append_duration_seconds_count', ok)).toBe(
    (before.value('relata_append_duration_seconds_count', ok) ?? 0) + 2,
  );
  expect(value('relata_append_duration_seconds_sum', ok)).toBeGreaterThan(0);
});

test('conflicts are counted where another process was first', async () => {
  const { id = '' } = (await register()).data.registerAccount ?? {};
  const before = (await scrape()).value('relata_append_conflicts_total') ?? 0;
  const running = await readRunningInstance(dir);
  const rival = await openWriteSide({
    eventStoreUrl: running?.eventStoreUrl ?? '',
    postgresUrl: running?.postgresUrl ?? '',
    keys: keysOf({ dataDir: dir, wrappingKeys: [] }, await readMasterKey(dir, undefined)),
  });
  const context = { workspaceId: 'default', actor: { type: 'user', id: 'a' } } as const;
  expect(await rival.dispatch({ name: 'tagAccount', input: { tags: ['rival'] }, id }, context)).toMatchObject(
    {
      ok: true,
    },
  );
  await rival.close();
  await graphql(`mutation { archiveAccount(input: { id: "${id}" }) { id } }`); // decided on what this one remembers
  const { value } = await scrape();
  expect(value('relata_append_conflicts_total')).toBe(before + 1);
  expect(value('relata_append_duration_seconds_count', { outcome: 'conflict' })).toBe(before + 1);
  expect(value('relata_append_retries_total')).toBe(0);
});

test('how far each read model is behind, and in what batches they came there', async () => {
  await register();
  const { samples, value } = await until(
    page => page.value('relata_projection_lag_events', { model: 'accounts' }) === 0,
  );
  const models = samples.filter(({ name }) => name === 'relata_projection_lag_events');
  expect(models.map(({ labels }) => labels.model)).toEqual(
    expect.arrayContaining(['accounts', 'timeline', 'stages']),
  );
  for (const { labels } of models) expect(value('relata_projection_lag_seconds', labels)).toBe(0);
  expect(value('relata_projection_lag_unknown')).toBe(0);
  expect(value('relata_projector_state', { state: 'live' })).toBe(1);
  expect(value('relata_projector_state', { state: 'failed' })).toBe(0);
  expect(value('relata_projection_parked')).toBe(0);
  // Relata itself appends now and then: a key's event, a head.
  const events = await countEvents();
  const { value: later } = await until(
    page => (page.value('relata_projection_batch_events_sum') ?? 0) >= events,
  );
  expect(later('relata_projection_batch_events_sum')).toBeLessThanOrEqual(await countEvents());
});

async function countEvents(): Promise<number> {
  let events = 0;
  for await (const { event } of instance.writeSide.client.readAll())
    if (event && !event.type.startsWith('$')) events += 1;
  return events;
}

test('GraphQL requests by the kind of operation, also those that are compiled', async () => {
  const answered = (page: Awaited<ReturnType<typeof scrape>>, operation: string) =>
    page.value('relata_graphql_duration_seconds_count', { operation }) ?? 0;
  const before = await scrape();
  for (let n = 0; n < 4; n++) await graphql('query Q { __typename }');
  await graphql('query { nothing }');
  await graphql('mutation M { __typename }');
  const after = await until(page => answered(page, 'mutation') > answered(before, 'mutation'));
  expect(answered(after, 'query') - answered(before, 'query')).toBe(4);
  expect(answered(after, 'refused') - answered(before, 'refused')).toBe(1);
});

test('what is open, until it is closed', async () => {
  const open = (kind: string, count: number) =>
    until(page => page.value('relata_subscriptions_open', { kind }) === count);
  await open('graphql', 0);
  const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
  const heard = client.iterate({ query: 'subscription { eventAppended(after: "start") { id } }' });
  await heard.next();
  await open('graphql', 1);
  await heard.return?.();
  await open('graphql', 0);
  await client.dispose();
  const stream = await openStream(`${url}/events`);
  await open('events', 1);
  stream.leave();
  await open('events', 0);
});

test('connections to Postgres, and the process', async () => {
  const { value, answer } = await scrape();
  expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  expect(value('relata_postgres_connections', { pool: 'queries', state: 'idle' })).toBeGreaterThan(0);
  expect(value('relata_postgres_waiting', { pool: 'queries' })).toBe(0);
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
});

test('nothing of what users wrote, and no id', async () => {
  const { text } = await scrape();
  expect(text).not.toMatch(/Private|Secret|no such command/);
  expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
});

describe('the dashboard', () => {
  test('asks for metrics and labels that there are', async () => {
    const { samples } = await scrape();
    const labelsOf = new Map<string, Set<string>>();
    for (const { name, labels } of samples)
      labelsOf.set(name, new Set([...(labelsOf.get(name) ?? []), ...Object.keys(labels)]));
    const file = new URL('../../../deploy/grafana/relata.json', import.meta.url);
    const queries = queriesIn(JSON.parse(await readFile(file, 'utf8')));
    expect(queries.length).toBeGreaterThan(20);
    const asked = new Set<string>();
    for (const query of queries) {
      const names = query.match(/\b(relata|process|nodejs)_\w+/g) ?? [];
      expect(names, query).toHaveLength(1);
      const [name = ''] = names;
      asked.add(name);
      expect([...labelsOf.keys()], query).toContain(name);
      const [, by = ''] = /by \(([^)]*)\)/.exec(query) ?? [];
      const selected = [...query.matchAll(/(\w+)="/g)].map(([, label = '']) => label);
      for (const label of [...by.split(/,\s*/).filter(Boolean), ...selected])
        expect([...(labelsOf.get(name) ?? [])], query).toContain(label);
    }
    const ours = [...labelsOf.keys()].filter(name => name.startsWith('relata_'));
    const bare = (name: string) => name.replace(/_(bucket|sum|count)$/, '');
    expect(new Set([...asked].map(bare)), 'and for each of ours').toEqual(
      new Set([...[...asked].filter(name => !name.startsWith('relata_')), ...ours].map(bare)),
    );
  });
});

test('a read model that stands still falls behind, in events and in seconds', async () => {
  await until(page => page.value('relata_projection_lag_events', { model: 'accounts' }) === 0);
  await instance.projector?.close();
  for (let n = 0; n < 3; n++) await graphql('mutation { registerAccount(input: { name: "Late" }) { id } }');
  const { value } = await until(
    page => (page.value('relata_projection_lag_seconds', { model: 'accounts' }) ?? 0) > 0,
  );
  expect(value('relata_projection_lag_events', { model: 'accounts' })).toBe(3);
  expect(value('relata_projector_state', { state: 'stopped' })).toBe(1);
});

/** Every `expr`, wherever it stands. */
function queriesIn(node: unknown): readonly string[] {
  if (Array.isArray(node)) return node.flatMap(queriesIn);
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    key === 'expr' ? [String(value)] : queriesIn(value),
  );
}
