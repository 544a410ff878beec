/**
 * Erasing a person changes what earlier batches wrote: afterwards every table is what a fold from scratch gives, of a log
 * in which nothing personal of that person can be read any more. Here events come readable, as from a process that read
 * them before; what a process that reads later makes of them is in tests/unit/domain/erasure.properties.test.ts.
 */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { contact } from '../../../src/domain/customers/contact.ts';
import { erasureType } from '../../../src/domain/kernel/erasure.ts';
import { defineEvents } from '../../../src/domain/kernel/events.ts';
import { personal } from '../../../src/domain/kernel/personal.ts';
import { Ref, Text } from '../../../src/domain/kernel/values.ts';
import { loadCatalog } from '../../../src/eventstore/catalog.ts';
import type { RecordedEvent } from '../../../src/eventstore/envelope.ts';
import { loadReadModels } from '../../../src/projections/catalog.ts';
import { isPersonalColumn } from '../../../src/projections/columns.ts';
import { clearingOf } from '../../../src/projections/engine/clearing.ts';
import { projectionError } from '../../../src/projections/engine/failure.ts';
import { askForRetry } from '../../../src/projections/engine/heal.ts';
import type { ProjectedLog } from '../../../src/projections/engine/source.ts';
import { schemaName } from '../../../src/projections/engine/sqlNames.ts';
import type { ReadModel } from '../../../src/projections/readModel.ts';
import { asReadNow } from '../../support/erased.ts';
import { lived, wishesTo } from '../../support/wishes.ts';
import { bothSides } from './compare.ts';
import { startTestPostgres, type TestPostgres } from './database.ts';
import { gate } from './gate.ts';
import { type MemoryLog, memoryLog } from './memoryLog.ts';
import { parkedIn } from './parked.ts';
import { checkpoints, eventually, reached, run, shownBuild, until } from './running.ts';
import { uneven } from './uneven.ts';

const [catalog, models] = await Promise.all([loadCatalog(), loadReadModels()]);
const erasable = [...catalog.aggregates.values()].filter(aggregate => aggregate.erasable);

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.close());
beforeEach(() => postgres.reset());

type Place = { readonly category: string; readonly aggregateId: string };

const tell = (log: MemoryLog, at: Place, ...events: readonly (readonly [string, object])[]): bigint =>
  log.append(...events.map(([type, data]) => ({ ...at, type, data: JSON.parse(JSON.stringify(data)) })));

const erase = (log: MemoryLog, at: Place): bigint =>
  tell(log, at, [erasureType(at.category), { reason: 'on request' }]);

async function expectErased(log: MemoryLog, of: readonly ReadModel[] = models): Promise<void> {
  const { stored, folded } = await bothSides(postgres.pool, of, asReadNow(catalog, log.events()));
  expect(stored).toEqual(folded);
}

/** The schema of a model's build, by its version now. */
const schemaOf = (name: string, build: number): string => {
  const version = models.find(model => model.name === name)?.version ?? 0;
  return schemaName(name, version, build);
};

const person = (): Place => ({ category: 'contact', aggregateId: randomUUID() });
const born = (name: string) =>
  [
    'ContactCreated',
    { name, emails: [`${name}@example.com`], phones: ['+4930123456'], title: 'CTO' },
  ] as const;
const renamed = (name: string) => ['ContactDetailsChanged', { name, title: null }] as const;
const mailed = (email: string) => ['ContactEmailAdded', { email }] as const;

/** Every row of every table of a schema, as text. */
async function textOf(schema: string): Promise<string> {
  const { rows } = await postgres.pool.query<{ name: string }>(
    `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = $1`,
    [schema],
  );
  const texts = await Promise.all(
    rows.map(({ name }) => postgres.pool.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`)),
  );
  return texts.flatMap(found => found.rows.map(({ row }) => row)).join('\n');
}

test(
  'any lives, in batches of any size: what is left is what a fold from scratch gives',
  () =>
    fc.assert(
      fc.asyncProperty(
        fc.tuple(
          ...erasable.map(aggregate => fc.array(wishesTo(aggregate, { maxLength: 15 }), { maxLength: 3 })),
        ),
        fc.array(fc.nat({ max: 7 }), { minLength: 1 }),
        async (all, sizes) => {
          await postgres.reset();
          const log = memoryLog();
          for (const [i, aggregate] of erasable.entries())
            for (const wishes of all[i] ?? []) {
              const at = { category: aggregate.category, aggregateId: randomUUID() };
              const events = await lived(aggregate, wishes);
              tell(log, at, ...events.map(({ type, data }) => [type, data] as const));
              if (events.every(({ type }) => type !== erasureType(at.category))) erase(log, at);
            }
          tell(log, person(), born('Bystander'), renamed('Bye'));
          const projector = await run({ pool: postgres.pool, source: uneven(log.source, sizes), models });
          const { failure } = await reached(projector, log.events().at(-1)?.position ?? -1n);
          await projector.close();
          expect(failure).toBe(undefined);
          await expectErased(log);
          await rebuiltInSpans(log);
          await expectErased(log);
        },
      ),
      { numRuns: 12 },
    ),
  120_000,
);

/** What may hold persons, built anew of a log that is readable still. */
async function rebuiltInSpans(log: MemoryLog): Promise<void> {
  const projector = await run({ pool: postgres.pool, source: log.source, models });
  const names = models.flatMap(({ name, columns }) =>
    Object.values(columns).some(isPersonalColumn) ? [name] : [],
  );
  for (const name of names) await projector.rebuild(name);
  for (const name of names)
    await eventually(
      () => shownBuild(postgres.pool, name),
      schema => expect(schema).toBe(schemaOf(name, 2)),
    );
  await projector.close();
}

test('the key is destroyed along with it, whether there was one or not, and others keep theirs', async () => {
  const [ann, bob] = [person(), person()];
  const key = (id: string, wrapped: Buffer) =>
    postgres.pool.query(
      `INSERT INTO vault.subject_keys (key_id, workspace_id, subject_category, subject_id, wrapped, wrapping_key_id)
       VALUES (gen_random_uuid(), 'default', 'contact', $1, $2, 'k')`,
      [id, wrapped],
    );
  await key(ann.aggregateId, Buffer.from('a key'));
  await key(bob.aggregateId, Buffer.from('another'));
  const log = memoryLog();
  tell(log, ann, born('Ann'));
  tell(log, bob, born('Bob'));
  const old = person();
  tell(log, old, born('Old'));
  erase(log, ann);
  const projector = await run({ pool: postgres.pool, source: log.source, models });
  await reached(projector, erase(log, old));
  const { rows } = await postgres.pool.query(
    `SELECT subject_id AS id, wrapped::text, wrapping_key_id AS by, erased_at IS NOT NULL AS erased
     FROM vault.subject_keys ORDER BY subject_id`,
  );
  const destroyed = { wrapped: null, by: null, erased: true };
  const expected = [
    { id: ann.aggregateId, ...destroyed },
    { id: bob.aggregateId, wrapped: `\\x${Buffer.from('another').toString('hex')}`, by: 'k', erased: false },
    { id: old.aggregateId, ...destroyed },
  ];
  expect(rows).toEqual(expected.sort((a, b) => (a.id < b.id ? -1 : 1)));
});

test('a build that read the person before clears them as it comes to the event', async () => {
  const log = memoryLog();
  const ann = person();
  tell(log, ann, born('Ann'), renamed('Annie'), mailed('annie@example.com'));
  const place = log.events()[1]?.position;
  const held = gate(log.source, after => (after ? undefined : 2));
  const projector = await run({ pool: postgres.pool, source: log.source, models });
  await reached(projector, tell(log, person(), born('Bystander')));
  await projector.close();
  const second = await run({ pool: postgres.pool, source: held.source, models });
  for (const model of ['contacts', 'timeline']) await second.rebuild(model);
  await eventually(
    () => checkpoints(postgres.pool),
    found =>
      expect([found[schemaOf('contacts', 2)], found[schemaOf('timeline', 2)]]).toEqual([
        String(place),
        String(place),
      ]),
  );
  await reached(second, erase(log, ann));
  expect(await textOf(schemaOf('contacts', 1))).not.toMatch(/Ann/i);
  expect(await textOf(schemaOf('contacts', 2))).toContain('Annie');
  await eventually(isVacuumed, vacuumed => expect(vacuumed).toEqual([true]));
  const before = await lastVacuum(schemaOf('contacts', 2));
  held.open();
  await eventually(
    () => Promise.all([shownBuild(postgres.pool, 'contacts'), shownBuild(postgres.pool, 'timeline')]),
    schemas => expect(schemas).toEqual([schemaOf('contacts', 2), schemaOf('timeline', 2)]),
  );
  expect(await textOf(schemaOf('contacts', 2))).not.toMatch(/Ann/i);
  await expectErased(log);
  await eventually(
    () => lastVacuum(schemaOf('contacts', 2)),
    after => expect(after, 'what it had is vacuumed as well').not.toEqual(before),
  );
  await eventually(isVacuumed, vacuumed => expect(vacuumed).toEqual([true]));
});

const isVacuumed = async () =>
  (await postgres.pool.query<{ vacuumed: boolean }>('SELECT vacuumed FROM relata.erasures')).rows.map(
    ({ vacuumed }) => vacuumed,
  );

async function lastVacuum(schema: string): Promise<Date | null | undefined> {
  const { rows } = await postgres.pool.query<{ last: Date | null }>(
    `SELECT last_vacuum AS last FROM pg_stat_user_tables WHERE schemaname = $1 AND relname = 'rows'`,
    [schema],
  );
  return rows[0]?.last;
}

describe('rows that are parked', () => {
  /** Contacts that can't be folded, or written, from some event on. */
  const stoppedBy = (type: string, how: 'folded' | 'written') => {
    let cured = false;
    const stopped = models.map(model => ({
      ...model,
      handler: (event: RecordedEvent) => {
        const handler = model.handler(event);
        if (!handler || cured || model.name !== 'contacts' || event.type !== type) return handler;
        const evolve: typeof handler.evolve = (row, ...rest) => {
          if (how === 'folded') throw new Error('not yet');
          return { ...handler.evolve(row, ...rest), createdAt: 'no instant' };
        };
        return { ...handler, evolve };
      },
    }));
    const cure = () => {
      cured = true;
    };
    return { models: stopped, cure };
  };

  test.each([
    ['ContactDetailsChanged', 'folded'],
    ['ContactDetailsChanged', 'written'],
    ['ContactErased', 'folded'],
    ['ContactErased', 'written'],
  ] as const)('by a %s that can’t be %s don’t keep the person', async (type, how) => {
    const log = memoryLog();
    const ann = person();
    tell(log, ann, born('Ann'), mailed('annie@example.com'), renamed('Annie'));
    const { models: stopped, cure } = stoppedBy(type, how);
    const first = await run({ pool: postgres.pool, source: log.source, models: stopped, lookMs: 20 });
    await reached(first, tell(log, person(), born('Bystander')));
    expect(await textOf(schemaOf('contacts', 1))).toContain('Ann');
    await reached(first, erase(log, ann));
    const { position } = await until(first, ({ parked }) => parked === 1);
    expect(position).toBe(log.events().at(-1)?.position);
    expect(await textOf(schemaOf('contacts', 1))).not.toMatch(/Ann/i);
    expect(await textOf('relata')).not.toMatch(/Ann/i);
    const { rows } = await postgres.pool.query('SELECT wrapped FROM vault.subject_keys');
    expect(rows).toEqual([{ wrapped: null }]);
    // Healed by a process that has no key any more, it is what a fold from scratch gives.
    cure();
    await first.close();
    const source = readAs(log, asReadNow(catalog, log.events()));
    const second = await run({ pool: postgres.pool, source, models, lookMs: 20 });
    await askForRetry(
      postgres.pool,
      (await parkedIn(postgres.pool)).map(({ id }) => id),
    );
    await eventually(
      () => parkedIn(postgres.pool),
      parked => expect(parked).toEqual([]),
    );
    await second.close();
    await expectErased(log);
  });

  test('a key that is missing when they are tried again stops the projector', async () => {
    const log = memoryLog();
    const { models: stopped } = stoppedBy('ContactDetailsChanged', 'folded');
    const last = tell(log, person(), born('Ann'), renamed('Annie'));
    const missing = () => Promise.reject(projectionError({ code: 'KEY_MISSING', message: 'no such key' }));
    const source = { ...log.source, stream: missing };
    const projector = await run({ pool: postgres.pool, source, models: stopped, lookMs: 20 });
    await reached(projector, last);
    await askForRetry(
      postgres.pool,
      (await parkedIn(postgres.pool)).map(({ id }) => id),
    );
    const { failure } = await until(projector, ({ state }) => state === 'failed');
    expect(failure?.code).toBe('KEY_MISSING');
  });
});

/** The log as it is read without the keys that were destroyed. */
function readAs(log: MemoryLog, events: readonly RecordedEvent[]): ProjectedLog {
  const byId = new Map(events.map(event => [event.id, event]));
  const stream = async (name: string) =>
    (await log.source.stream(name)).map(each => {
      const event = byId.get(each.eventId);
      return event ? { ...each, decoded: { kind: 'event' as const, event } } : each;
    });
  return { ...log.source, stream };
}

test('an erasure that can’t be read, as a later Relata has written it, is carried out all the same', async () => {
  const log = memoryLog();
  const ann = person();
  tell(log, ann, born('Ann'), renamed('Annie'));
  const projector = await run({ pool: postgres.pool, source: log.source, models });
  const erased = log.appendUnreadable({ ...ann, type: 'ContactErased', data: {} });
  await reached(projector, erased);
  for (const name of ['contacts', 'timeline']) expect(await textOf(schemaOf(name, 1))).not.toMatch(/Ann/i);
  const { rows } = await postgres.pool.query('SELECT wrapped, subject_id AS id FROM vault.subject_keys');
  expect(rows).toEqual([{ wrapped: null, id: ann.aggregateId }]);
});

test('a build that began after the key was destroyed is not searched: it could not read the person', async () => {
  const log = memoryLog();
  const ann = person();
  tell(log, ann, born('Ann'), renamed('Annie'));
  await postgres.pool.query(`SELECT vault.erase('{default}', '{contact}', ARRAY[$1])`, [ann.aggregateId]);
  await postgres.pool.query(`UPDATE vault.subject_keys SET erased_at = now() - interval '2 minutes'`);
  const projector = await run({ pool: postgres.pool, source: log.source, models });
  await reached(projector, erase(log, ann));
  // This log is readable all the same, so what was written of it is still there.
  expect(await textOf(schemaOf('contacts', 1))).toContain('Annie');
});

test('what a timeline has of a person in others’ events goes as well, and what it has of others stays', async () => {
  const visits = defineEvents('visit', {
    VisitMade: {
      guestId: Ref('contact'),
      hostId: Ref('user'),
      words: personal(z.array(Text(99)), { subject: 'guestId' }),
      thoughts: personal(Text(99), { subject: 'hostId' }).optional(),
      minutes: z.int(),
    },
  });
  const timeline = models.find(({ name }) => name === 'timeline') as ReadModel;
  const [ann, bob, host] = [person(), person(), { ...person(), category: 'user' }];
  const data = (guest: Place) => ({
    guestId: guest.aggregateId,
    hostId: host.aggregateId,
    words: ['mine'],
    thoughts: 'private',
    minutes: 5,
  });
  const log = memoryLog();
  for (const guest of [ann, bob])
    tell(log, { category: 'visit', aggregateId: randomUUID() }, ['VisitMade', data(guest)]);
  const projector = await run({ pool: postgres.pool, source: log.source, models: [timeline] });
  await reached(projector, tell(log, person(), born('Bystander')));
  const clear = async ({ category, aggregateId: id }: Place) => {
    await postgres.pool.query('SELECT vault.erase($1, $2, $3)', [['default'], [category], [id]]);
    const types = [visits.VisitMade.eventType];
    for (const { text, values } of clearingOf(timeline, schemaOf('timeline', 1), { types }))
      await postgres.pool.query(text, values([{ workspaceId: 'default', category, id }]));
    const { rows } = await postgres.pool.query(
      `SELECT data FROM crm.timeline WHERE type = 'VisitMade' ORDER BY known_from`,
    );
    return rows.map(row => row.data);
  };
  const { thoughts: _, ...unthought } = data(bob);
  expect(await clear({ ...ann, category: 'user' }), 'nobody of that kind').toEqual([data(ann), data(bob)]);
  expect(await clear(ann)).toEqual([{ ...data(ann), words: [] }, data(bob)]);
  const left = { ...data(ann), words: [], thoughts: undefined };
  expect(await clear(host)).toEqual([JSON.parse(JSON.stringify(left)), unthought]);
});

test('builds that nobody folds any more, replaced or of an older version, don’t keep the person', async () => {
  const log = memoryLog();
  const [ann, bob] = [person(), person()];
  const old = schemaName('contacts', (models.find(({ name }) => name === 'contacts')?.version ?? 0) - 1, 1);
  tell(log, ann, born('Ann'), renamed('Annie'));
  const older = models.map(model =>
    model.name === 'contacts' ? { ...model, version: model.version - 1 } : model,
  );
  const first = await run({ pool: postgres.pool, source: log.source, models: older });
  await reached(first, tell(log, bob, born('Bob')));
  await first.rebuild('timeline');
  await eventually(
    () => shownBuild(postgres.pool, 'timeline'),
    schema => expect(schema).toBe(schemaOf('timeline', 2)),
  );
  expect(await textOf(schemaOf('timeline', 1)), 'it is there until the next start').toContain('Annie');
  await first.close();
  const reader = await postgres.pool.connect();
  try {
    // The replaced build can't be dropped, and the new version of the other isn't shown.
    await reader.query('BEGIN');
    await reader.query(`SELECT count(*) FROM ${schemaOf('timeline', 1)}.rows`);
    const held = gate(log.source, after => (after ? undefined : 1));
    const second = await run({ pool: postgres.pool, source: held.source, models });
    await reached(second, erase(log, ann));
    expect(await shownBuild(postgres.pool, 'contacts')).toBe(old);
    await eventually(
      async () => [await textOf(schemaOf('timeline', 1)), await textOf(old)],
      texts => {
        for (const text of texts) expect(text).not.toMatch(/Ann/i);
        for (const text of texts) expect(text).toContain('Bob');
      },
    );
    await reader.query('COMMIT');
    held.open();
  } finally {
    reader.release(true);
  }
  await eventually(
    () => shownBuild(postgres.pool, 'contacts'),
    schema => expect(schema).toBe(schemaOf('contacts', 1)),
  );
  await expectErased(log);
});

test('a vault that was restored alone is told again at the next start', async () => {
  const log = memoryLog();
  const ann = person();
  tell(log, ann, born('Ann'));
  const first = await run({ pool: postgres.pool, source: log.source, models });
  await reached(first, erase(log, ann));
  await first.close();
  const back = `UPDATE vault.subject_keys SET wrapped = 'key', wrapping_key_id = 'k', erased_at = NULL`;
  expect((await postgres.pool.query(back)).rowCount).toBe(1);
  const second = await run({ pool: postgres.pool, source: log.source, models });
  await reached(second, tell(log, person(), born('Bystander')));
  const { rows } = await postgres.pool.query(
    'SELECT wrapped, erased_at IS NOT NULL AS erased FROM vault.subject_keys',
  );
  expect(rows).toEqual([{ wrapped: null, erased: true }]);
});

test('Postgres keeps no samples of what is personal', async () => {
  const log = memoryLog();
  for (let n = 0; n < 300; n++) tell(log, person(), born(`person${n % 7}`));
  const projector = await run({ pool: postgres.pool, source: log.source, models });
  await reached(projector, log.events().at(-1)?.position ?? -1n);
  await postgres.pool.query('ANALYZE');
  const { rows } = await postgres.pool.query<{ sample: string }>(
    `SELECT s::text AS sample FROM pg_stats s WHERE schemaname = ANY ($1)`,
    [['contacts', 'users', 'timeline'].map(name => schemaOf(name, 1))],
  );
  expect(rows.length, 'of other columns it does').toBeGreaterThan(10);
  expect(rows.filter(({ sample }) => /person\d/.test(sample))).toEqual([]);
});

test('what was cleared is vacuumed, and then it is known that it was', async () => {
  const log = memoryLog();
  const ann = person();
  tell(log, ann, born('Ann'), renamed('Annie'));
  const projector = await run({ pool: postgres.pool, source: log.source, models });
  await reached(projector, erase(log, ann));
  await eventually(
    () => postgres.pool.query('SELECT vacuumed FROM relata.erasures'),
    ({ rows }) => expect(rows).toEqual([{ vacuumed: true }]),
  );
  const dead = await postgres.pool.query<{ name: string }>(
    `SELECT schemaname || '.' || relname AS name FROM pg_stat_user_tables
     WHERE schemaname = ANY ($1) AND last_vacuum IS NULL`,
    [[schemaOf('contacts', 1), schemaOf('users', 1), schemaOf('timeline', 1), 'vault']],
  );
  expect(dead.rows).toEqual([{ name: 'vault.wrapping_keys' }]);
});

test('every column that is marked personal is of a record of persons', () => {
  const marked = models.flatMap(({ name, of, columns }) =>
    Object.entries(columns).flatMap(([column, declaration]) =>
      isPersonalColumn(declaration) ? [[`${name}.${column}`, of?.erasable ?? declaration.eventData]] : [],
    ),
  );
  expect(marked.length).toBeGreaterThan(5);
  expect(marked.filter(([, found]) => found !== true)).toEqual([]);
  expect(contact.erasable).toBe(true);
});
