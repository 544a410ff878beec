/** Group commit, and what a failing write does to its neighbours. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../src/applying.ts';
import { idOf } from '../src/record.ts';
import { openStore, RECORD, type Row, type Store } from '../src/store.ts';
import { cleanUp, writerOf } from './support.ts';

const EMPTY = Buffer.alloc(0);

function writerOver(change: (store: Store) => Partial<Store>) {
  const store = openStore({ inMemory: true });
  cleanUp(() => store.close());
  const commits: (readonly Row[])[] = [];
  const writer = writerOf({ ...store, ...change(store) }, ({ rows }) => void commits.push(rows));
  const append = (stream: string, type = 'Noted', abandoned = false) =>
    new Promise<Outcome>(done => {
      const event = { id: randomUUID(), type, json: true, data: EMPTY, metadata: EMPTY };
      writer.submit({
        stream: Buffer.from(stream),
        expected: 'any',
        events: [event],
        abandoned: () => abandoned,
        done,
      });
    });
  return { store, commits, append, finish: writer.finish };
}

/** As SQLite tells it through node:sqlite; 13 is SQLITE_FULL, 10 SQLITE_IOERR. */
const sqliteError = (errcode: number) => Object.assign(new Error('sqlite'), { errcode });

describe('a writer', () => {
  it('writes what came together in one commit, in the order that it came', async () => {
    const { commits, append } = writerOver(() => ({}));
    const outcomes = await Promise.all(['a', 'b', 'a'].map(stream => append(stream)));
    expect(outcomes).toEqual([
      { kind: 'written', revision: 0, position: 1 },
      { kind: 'written', revision: 0, position: 2 },
      { kind: 'written', revision: 1, position: 3 },
    ]);
    expect(commits).toHaveLength(1);
  });

  it('answers only after the commit', async () => {
    const order: string[] = [];
    const { append } = writerOver(store => ({
      commit: () => {
        store.commit();
        order.push('committed');
      },
    }));
    await Promise.all(['a', 'b'].map(async stream => order.push((await append(stream)).kind)));
    expect(order).toEqual(['committed', 'written', 'written']);
  });

  it('refuses only the append that cannot be written', async () => {
    const { store, append } = writerOver(real => ({
      addType: name => {
        if (name === 'Unwritable') throw sqliteError(13);
        return real.addType(name);
      },
    }));
    const outcomes = await Promise.all([append('a'), append('b', 'Unwritable'), append('a'), append('c')]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['written', 'failed', 'written', 'written']);
    expect(outcomes[2]).toMatchObject({ revision: 1 });
    expect(store.lastPosition()).toBe(3);
    expect(await append('b')).toEqual({ kind: 'written', revision: 0, position: 4 });
    store.verifyEnd();
  });

  it('forgets all of a commit that failed', async () => {
    let full = true;
    const { store, append } = writerOver(real => ({
      commit: () => {
        if (full) throw sqliteError(13);
        real.commit();
      },
    }));
    expect(await Promise.all([append('a'), append('b')])).toMatchObject([
      { kind: 'failed' },
      { kind: 'failed' },
    ]);
    expect(store.lastPosition()).toBe(0);
    full = false;
    expect(await append('a')).toEqual({ kind: 'written', revision: 0, position: 1 });
  });

  it('writes no more after the disk has failed, because what is on it is unknown then', async () => {
    let failing = true;
    const { append } = writerOver(real => ({
      commit: () => {
        if (failing) throw sqliteError(10);
        real.commit();
      },
    }));
    await append('a');
    failing = false;
    expect(await append('a')).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringMatching(/start again/) },
    });
  });

  it('leaves out what nobody waits for', async () => {
    const { store, append } = writerOver(() => ({}));
    await Promise.all([append('a', 'Noted', true), append('b')]);
    expect(store.lastPosition()).toBe(1);
  });

  it('stores what it answered', async () => {
    const { store, commits, append } = writerOver(() => ({}));
    await append('a');
    const [row] = store.allForwards(1, { rows: 1, bytes: 1 });
    expect(row && idOf(row[RECORD])).toBe(commits[0]?.[0] && idOf(commits[0][0][RECORD]));
  });
});
