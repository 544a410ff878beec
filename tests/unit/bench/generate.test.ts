/** What is measured must be what could have happened: generated logs hold what commands would have appended. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type Append, DEALS, generateLog, type LogShape, SALES } from '../../../bench/support/generate.ts';
import { noKeys, withoutMarks } from '../../../bench/support/plain.ts';
import { createSealer } from '../../../bench/support/seal.ts';
import { type Catalog, loadCatalog } from '../../../src/eventstore/catalog.ts';
import { createCodec } from '../../../src/eventstore/codec.ts';
import type { Envelope } from '../../../src/eventstore/envelope.ts';
import { streamHash } from '../../../src/eventstore/hash.ts';

let catalog: Catalog;
beforeAll(async () => {
  catalog = await loadCatalog();
});

const logOf = (shape: Partial<LogShape> = {}): readonly Append[] => [
  ...generateLog(createSealer(catalog), {
    seed: 1,
    workspaceId: 'default',
    events: 3_000,
    ...SALES,
    ...shape,
  }),
];
const eventsOf = (log: readonly Append[]) =>
  log.flatMap(({ stream, events }) =>
    events.map(({ id, type, data, metadata }) => ({
      id,
      stream,
      type,
      data: data as Record<string, unknown>,
      metadata: metadata as Envelope, // what the sealer puts there
    })),
  );

test('the same seed makes the same log, and another seed another one', () => {
  const ids = (seed: number) => eventsOf(logOf({ seed, events: 300 })).map(({ id }) => id);
  expect(ids(1)).toEqual(ids(1));
  expect(ids(2)).not.toEqual(ids(1));
});

describe.each([
  ['sales', SALES],
  ['deals', DEALS],
  ['stories told at once', { ...DEALS, stepsAtOnce: 4 }],
])('%s', (_, shape) => {
  test('every event is one that the codec would have written, at the revision and after the hash that it says', async () => {
    const codec = createCodec(withoutMarks(catalog), noKeys);
    const ends = new Map<string, { revision: number; hash: string }>();
    for (const { stream, revision, events } of logOf(shape)) {
      let end = ends.get(stream) ?? { revision: -1, hash: streamHash(stream) };
      expect(revision).toBe(end.revision);
      for (const { id, type, data, metadata } of events) {
        const { eventVersion: _, prevHash, ...envelope } = metadata as Envelope;
        expect(prevHash).toBe(end.hash);
        const target = { stream, revision: end.revision + 1, prevHash, envelope };
        const [sealed] = await codec.encode([{ type, data: data as Record<string, unknown> }], target);
        expect(sealed?.wire).toEqual({ id, type, data, metadata, contentType: 'application/json' });
        end = { revision: end.revision + 1, hash: sealed?.hash ?? '' };
      }
      ends.set(stream, end);
    }
  });

  test('an opportunity leaves the stage that it is in, and nothing happens to it once it is closed', () => {
    const stages = new Map<string, unknown>();
    for (const { stream, type, data } of eventsOf(logOf(shape))) {
      if (!stream.startsWith('opportunity-')) continue;
      expect(stages.has(stream)).toBe(type !== 'OpportunityOpened');
      expect(stages.get(stream), 'it is open').not.toBe('closed');
      if (data.from !== undefined) expect(data.from).toBe(stages.get(stream));
      const closed = type === 'OpportunityWon' || type === 'OpportunityLost';
      stages.set(stream, closed ? 'closed' : (data.to ?? data.stageId ?? stages.get(stream)));
    }
    expect([...stages.values()].filter(stage => stage === 'closed').length).toBeGreaterThan(30);
  });

  test('it is as long as was wished, and its time only moves on', () => {
    const events = eventsOf(logOf(shape));
    expect(events.length).toBeGreaterThanOrEqual(3_000);
    expect(events.length).toBeLessThan(3_004);
    const times = events.map(({ metadata }) => metadata.occurredAt);
    expect(times).toEqual([...times].sort());
  });
});

test('every fifth event of deals opens an opportunity', () => {
  const events = eventsOf(logOf({ ...DEALS, events: 10_000 }));
  const share = events.filter(({ type }) => type === 'OpportunityOpened').length / events.length;
  expect(share).toBeGreaterThan(0.2);
  expect(share).toBeLessThan(0.22);
});
