/** The changes of one kind of row as a stream, on a read side that the test speaks for. */
import { describe, expect, test } from 'vitest';
import { changesOf } from '../../../src/api/schema/changes.ts';
import type { RowsChanged, Services } from '../../../src/api/schema/context.ts';
import { nothingParked } from '../../../src/projections/engine/parkedIndex.ts';
import { id } from '../../support/ids.ts';

const [ONE, TWO, THREE] = [id(1), id(2), id(3)];

function readSide() {
  const listeners = new Set<(change: RowsChanged) => void>();
  const asked: { text: string; values: unknown[] }[] = [];
  const given: string[] = [];
  const client = {
    query: async ({ text, values }: { text: string; values: unknown[] }) => {
      asked.push({ text, values });
      return { rows: given.map(each => [each]) };
    },
    release: () => undefined,
  };
  const services = {
    pool: { connect: async () => client },
    models: { named: (name: string) => ({ name }) },
    visibility: {
      position: () => 5n,
      parked: () => nothingParked,
      onChange: (listener: (change: RowsChanged) => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  } as unknown as Services; // no more of them is used
  return {
    listeners,
    asked,
    given,
    changes: (only?: string) => changesOf(services, 'main', 'accounts', only),
    changed: (
      position: bigint,
      ids: readonly string[],
      more: { model?: string; workspaceId?: string } = {},
    ) => {
      const { model = 'accounts', workspaceId = 'main' } = more;
      for (const listener of listeners)
        listener({ kind: 'changed', position, workspaceId, rows: [{ model, ids }] });
    },
    missed: (position: bigint) => {
      for (const listener of listeners) listener({ kind: 'missed', position });
    },
  };
}

const next = async (changes: ReturnType<typeof changesOf>) => {
  const { done, value } = await changes.next();
  return done ? undefined : { id: value.id, position: value.position };
};

test('each change as it comes, of this kind and workspace alone', async () => {
  const { changes, changed } = readSide();
  const stream = changes();
  const first = next(stream);
  changed(10n, [TWO], { workspaceId: 'other' });
  changed(11n, [TWO], { model: 'contacts' });
  changed(12n, [ONE, TWO]);
  expect(await first).toEqual({ id: ONE, position: 12n });
  expect(await next(stream)).toEqual({ id: TWO, position: 12n });
});

test('of one record alone', async () => {
  const { changes, changed } = readSide();
  const stream = changes(TWO);
  changed(12n, [ONE, TWO, THREE]);
  expect(await next(stream)).toEqual({ id: TWO, position: 12n });
  const waiting = next(stream);
  changed(13n, [ONE]);
  changed(14n, [TWO]);
  expect(await waiting).toEqual({ id: TWO, position: 14n });
});

test('a slow reader is told each record once, as of its last change; none is left out', async () => {
  const { changes, changed } = readSide();
  const stream = changes();
  for (let position = 10n; position < 10_000n; position++)
    changed(position, [position % 2n === 0n ? ONE : TWO]);
  changed(10_000n, [THREE]);
  const told = [await next(stream), await next(stream), await next(stream)];
  expect(told).toEqual([
    { id: ONE, position: 9_998n },
    { id: TWO, position: 9_999n },
    { id: THREE, position: 10_000n },
  ]);
  const waiting = next(stream);
  changed(10_001n, [ONE]);
  expect(await waiting).toEqual({ id: ONE, position: 10_001n });
});

describe('what was not heard', () => {
  test('is looked up, from the last that was heard on', async () => {
    const { changes, changed, missed, given, asked } = readSide();
    const stream = changes();
    changed(10n, [ONE]);
    changed(11n, [THREE], { model: 'contacts' });
    given.push(TWO, ONE);
    missed(20n);
    expect([await next(stream), await next(stream)]).toEqual([
      { id: ONE, position: 20n },
      { id: TWO, position: 20n },
    ]);
    expect(asked.map(({ values }) => values)).toEqual([['main', '11']]);
    const waiting = next(stream);
    changed(21n, [THREE]);
    expect(await waiting).toEqual({ id: THREE, position: 21n });
    expect(asked).toHaveLength(1);
  });

  test('before anything was heard, from where it began', async () => {
    const { changes, missed, given, asked } = readSide();
    const stream = changes(TWO);
    const waiting = next(stream);
    given.push(ONE, TWO);
    missed(20n);
    expect(await waiting).toEqual({ id: TWO, position: 20n });
    expect(asked.map(({ values }) => values)).toEqual([['main', '5']]);
  });
});

describe('it ends', () => {
  test('when its reader goes, also one who waits; then nobody listens', async () => {
    const { changes, listeners } = readSide();
    const stream = changes();
    expect(listeners.size).toBe(1);
    const waiting = next(stream);
    await stream.return?.();
    expect(await waiting).toBeUndefined();
    expect(await next(stream)).toBeUndefined();
    expect(listeners.size).toBe(0);
  });

  test('and so it does when reading fails', async () => {
    const { changes, listeners } = readSide();
    const stream = changes();
    await expect(stream.throw?.(new Error('gone'))).rejects.toThrow('gone');
    expect(listeners.size).toBe(0);
  });
});
