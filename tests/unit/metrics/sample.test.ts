/** What is looked at when the page of metrics is read, on stores that the test speaks for. */
import type pg from 'pg';
import { expect, test } from 'vitest';
import { createMetrics } from '../../../src/app/metrics/metrics.ts';
import type { Sources } from '../../../src/app/metrics/sample.ts';
import type { Place } from '../../../src/eventstore/log.ts';
import { id } from '../../support/ids.ts';
import { memoryLog } from '../../support/memoryLog.ts';

const ACCOUNT = { streamId: `account-main.${id(1)}`, type: 'AccountRegistered' };

/** Builds as the database would tell them. */
const builds = (places: Readonly<Record<string, Place | undefined>>) =>
  ({
    query: async () => ({
      rows: Object.entries(places).map(([model, place]) => ({
        model,
        version: 1,
        build: 1,
        schema_name: model,
        status: model.startsWith('building') ? 'building' : 'active',
        commit: String(place?.commit ?? -1),
        prepare: String(place?.prepare ?? -1),
        event_id: place ? 'some' : null,
      })),
    }),
  }) as unknown as pg.Pool; // no more of it is asked

async function pageOf(sources: Partial<Sources>, metrics = createMetrics()) {
  metrics.sample({ pools: {}, pool: builds({}), log: memoryLog(), ...sources });
  const { text } = await metrics.page();
  return (line: string) =>
    Number(
      text
        .split('\n')
        .find(each => each.startsWith(`${line} `))
        ?.slice(line.length),
    );
}

test('models are behind each from its own place, and those that are not shown are not told', async () => {
  const log = memoryLog();
  const recordedAt = new Date(Date.now() - 60_000).toISOString();
  const events = Array.from({ length: 10 }, () => log.append({ ...ACCOUNT, metadata: { recordedAt } }));
  log.append({ streamId: '$stats', type: '$statsCollected' });
  const pool = builds({
    level: events[9]?.position,
    late: events[3]?.position,
    empty: undefined,
    building: events[0]?.position,
    logClock: events[0]?.position,
  });
  const value = await pageOf({ pool, log });
  expect(value('relata_projection_lag_events{model="level"}')).toBe(0);
  expect(value('relata_projection_lag_seconds{model="level"}')).toBe(0);
  expect(value('relata_projection_lag_events{model="late"}')).toBe(6);
  expect(value('relata_projection_lag_seconds{model="late"}')).toBeGreaterThanOrEqual(60);
  expect(value('relata_projection_lag_events{model="empty"}')).toBe(10);
  for (const none of ['building', 'logClock'])
    expect(value(`relata_projection_lag_events{model="${none}"}`)).toBeNaN();
});

test('what is far behind is estimated, and looked at once for all that are there', async () => {
  const log = memoryLog();
  const first = log.append(ACCOUNT);
  for (let n = 0; n < 5_000; n++) log.append(ACCOUNT);
  const value = await pageOf({ pool: builds({ a: first.position, b: first.position }), log });
  expect(value('relata_projection_lag_events{model="a"}')).toBe(5_000);
  expect(value('relata_projection_lag_events{model="b"}')).toBe(5_000);
  expect(log.reads()).toBe(1);
});

test('a store that does not answer leaves the lag unknown, and the rest as it is', async () => {
  const log = memoryLog();
  const pools = { queries: { totalCount: 5, idleCount: 2, waitingCount: 4 } };
  const metrics = createMetrics();
  const sources = { pool: builds({ accounts: undefined }), log, pools };
  const before = await pageOf(sources, metrics);
  expect(before('relata_projection_lag_unknown')).toBe(0);
  expect(before('relata_projection_lag_events{model="accounts"}')).toBe(0);
  log.fail(1);
  const value = await pageOf(sources, metrics);
  expect(value('relata_projection_lag_unknown')).toBe(1);
  expect(value('relata_projection_lag_events{model="accounts"}')).toBeNaN();
  expect(value('relata_postgres_connections{pool="queries",state="busy"}')).toBe(3);
  expect(value('relata_postgres_connections{pool="queries",state="idle"}')).toBe(2);
  expect(value('relata_postgres_waiting{pool="queries"}')).toBe(4);
});

test('what the projector of this process says of itself', async () => {
  const value = await pageOf({
    status: () => ({ state: 'failed', position: 1n, building: [], parked: 7 }),
  });
  expect(value('relata_projector_state{state="failed"}')).toBe(1);
  expect(value('relata_projector_state{state="live"}')).toBe(0);
  expect(value('relata_projection_parked')).toBe(7);
});
