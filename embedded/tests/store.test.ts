import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../src/applying.ts';
import { openStore, QUERIES, RECORD, REVISION } from '../src/store.ts';
import { createTail } from '../src/tail.ts';
import { cleanUp, newFolder, writerOf } from './support.ts';

const EMPTY = Buffer.alloc(0);

describe('the store', () => {
  it.each([
    ['byId', 'INDEX events_by_id (stream=? AND id_hash=?)'],
    ['allForwards', 'INTEGER PRIMARY KEY (rowid>?)'],
    ['allBackwards', 'INTEGER PRIMARY KEY (rowid<?)'],
    ['streamForwards', 'INDEX events_by_revision (stream=? AND revision>?)'],
    ['streamBackwards', 'INDEX events_by_revision (stream=? AND revision<?)'],
  ] as const)('finds events %s by an index that narrows them all the way', (query, index) => {
    const dataDir = newFolder();
    openStore({ dataDir }).close();
    const db = new DatabaseSync(join(dataDir, 'events.db'));
    const [step] = db.prepare(`EXPLAIN QUERY PLAN ${QUERIES[query]}`).all();
    expect(step?.detail).toBe(`SEARCH events USING ${index}`);
    db.close();
  });

  it('finds the earliest event of an id, and none of another stream', async () => {
    const store = openStore({ inMemory: true });
    cleanUp(() => store.close());
    const writer = writerOf(store);
    const event = { id: randomUUID(), type: 'Noted', json: true, data: EMPTY, metadata: EMPTY };
    const expected = [
      ['other', 'noStream'],
      ['a', 'noStream'],
      ['a', 0n],
    ] as const;
    for (const [stream, revision] of expected) {
      const abandoned = () => false;
      const change = {
        stream: Buffer.from(stream),
        expected: revision,
        events: [event],
        abandoned,
      };
      await new Promise<Outcome>(done => writer.submit({ ...change, done }));
    }
    const a = store.streamNumber(Buffer.from('a')) ?? 0;
    expect(store.lastOf(a)?.[REVISION]).toBe(1);
    expect(store.findEvent(a, event.id)?.[REVISION]).toBe(0);
    expect(store.findEvent(a, randomUUID())).toBeUndefined();
  });
});

describe('the tail', () => {
  const row = (position: number, bytes = 10) =>
    [position, 1, position - 1, 1, 0, Buffer.alloc(bytes)] as const;
  const limit = { rows: 1_000, bytes: 1_000_000 };

  it('gives what it still has, and nothing from before', () => {
    const tail = createTail();
    expect(tail.from(1, limit)).toBeUndefined();
    for (let position = 1; position <= 20_000; position++) tail.add(row(position));
    expect(tail.from(20_001, limit)).toEqual([]);
    expect(tail.from(19_999, limit)?.map(([position]) => position)).toEqual([19_999, 20_000]);
    expect(tail.from(20_000 - 4_095, limit)).toHaveLength(1_000);
    expect(tail.from(20_000 - 4_096, limit)).toBeUndefined();
  });

  it('is bounded by bytes too, and keeps pages within theirs', () => {
    const tail = createTail();
    for (let position = 1; position <= 100; position++) tail.add(row(position, 1024 * 1024));
    expect(tail.from(96, limit)).toBeUndefined();
    expect(tail.from(97, { rows: 100, bytes: 1 })?.map(one => one[RECORD].length)).toEqual([1024 * 1024]);
    expect(tail.from(97, { rows: 100, bytes: 100 * 1024 * 1024 })).toHaveLength(4);
  });
});
