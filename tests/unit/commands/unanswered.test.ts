/** The store does not answer: whether the events landed is found out, never guessed. */
import { AccessDeniedError, UnavailableError } from '@eventstore/db-client';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type AroundAppend, type Connection, memoryEventStore } from '../../support/memoryEventStore.ts';
import { inTurn, silence, unanswered, unreachable } from '../../support/storeFaults.ts';
import { carriedOut, refusedAs, writeSide } from '../../support/writeSide.ts';
import { asked, registered, types } from './support.ts';

/** A process whose connection has faults, and an account that another one registered. */
async function faulty(connection: Connection, timeoutMs?: number) {
  const store = memoryEventStore();
  const healthy = writeSide(store.connect());
  const account = await registered(healthy);
  store.calls.length = 0;
  const here = writeSide(store.connect(connection), timeoutMs ? { timeoutMs } : {});
  const rename = () =>
    here.send('changeAccountDetails', { name: 'B' }, { id: account.id, commandId: 'rename' });
  const sent = () =>
    asked(store, 'append', account.stream).map(call => 'bytes' in call && [call.expected, call.bytes]);
  return { store, healthy, here, rename, sent, ...account };
}

describe('an append', () => {
  test('that landed unanswered is sent again as the same bytes, and has landed once', async () => {
    const { store, rename, sent, stream } = await faulty({ append: inTurn(unanswered) });
    expect(await carriedOut(rename())).toMatchObject({ revision: 1, appended: 1, repeated: false });
    expect(types(store.stream(stream))).toEqual(['AccountRegistered', 'AccountDetailsChanged']);
    expect(sent()).toHaveLength(2);
    expect(
      new Set(sent().map(each => JSON.stringify(each, (_, v) => (typeof v === 'bigint' ? `${v}` : v)))).size,
    ).toBe(1);
  });

  test('that never landed is sent again, three times in all', async () => {
    const twice = await faulty({ append: inTurn(unreachable, unreachable) });
    expect(await carriedOut(twice.rename())).toMatchObject({ revision: 1 });
    const always = await faulty({ append: unreachable });
    expect(await refusedAs(always.rename())).toMatchObject({ kind: 'UNAVAILABLE' });
    expect(always.sent()).toHaveLength(3);
    expect(always.store.stream(always.stream)).toHaveLength(1);
  });

  test('that is neither answered nor refused counts as unanswered', async () => {
    const { rename, sent } = await faulty({ append: inTurn(silence) }, 5);
    expect(await carriedOut(rename())).toMatchObject({ revision: 1 });
    expect(sent()).toHaveLength(2);
  });

  test('that landed and is never answered is found by whoever sends the command again', async () => {
    const { store, rename, healthy, here, id } = await faulty({
      append: inTurn(unanswered, unanswered, unanswered),
    });
    expect(await refusedAs(rename())).toMatchObject({ kind: 'UNAVAILABLE' });
    const again = await carriedOut(rename());
    expect(again).toMatchObject({ revision: 1, appended: 0, repeated: true });
    const elsewhere = healthy.send('changeAccountDetails', { name: 'B' }, { id, commandId: 'rename' });
    expect(await carriedOut(elsewhere)).toEqual(again);
    expect(store.log()).toHaveLength(2);
    await carriedOut(here.send('tagAccount', { tags: ['vip'] }, { id }));
  });

  test('that arrives late, after the same bytes, changes nothing', async () => {
    const late: (() => unknown)[] = [];
    const held: AroundAppend = async proceed => {
      late.push(proceed);
      throw new UnavailableError();
    };
    const { store, rename, here, id } = await faulty({ append: inTurn(held) });
    await carriedOut(rename());
    for (const arrive of late) arrive();
    await carriedOut(here.send('tagAccount', { tags: ['vip'] }, { id }));
    for (const arrive of late) arrive();
    expect(types(store.log())).toEqual(['AccountRegistered', 'AccountDetailsChanged', 'AccountTagApplied']);
  });

  test('that the store answers with a refusal of its own is not sent again', async () => {
    const denied: AroundAppend = async () => {
      throw new AccessDeniedError();
    };
    const { rename, sent } = await faulty({ append: denied });
    expect(await refusedAs(rename())).toMatchObject({ kind: 'UNAVAILABLE' });
    expect(sent()).toHaveLength(1);
  });
});

describe('a read', () => {
  test.each([
    ['is refused', { read: unreachable }],
    ['falls silent at once', { read: silence }],
    [
      'falls silent after an event',
      {
        read: async proceed =>
          (async function* () {
            yield* proceed();
            await silence();
          })(),
      } satisfies Connection,
    ],
    [
      'breaks off after an event',
      {
        read: async proceed =>
          (async function* () {
            yield* proceed();
            throw new UnavailableError();
          })(),
      } satisfies Connection,
    ],
  ] as [string, Connection][])(
    'that %s is UNAVAILABLE, and nothing was decided on it',
    async (_, connection) => {
      const { rename, store, here, id } = await faulty({ ...connection, read: inTurn(connection.read!) }, 20);
      expect(await refusedAs(rename())).toMatchObject({ kind: 'UNAVAILABLE' });
      expect(store.log()).toHaveLength(1);
      expect(await carriedOut(here.send('tagAccount', { tags: ['vip'] }, { id }))).toMatchObject({
        revision: 1,
      });
    },
  );

  test('that takes long and goes on is no silent one', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const slow: Connection = {
      read: async proceed =>
        (async function* () {
          for await (const event of proceed()) {
            await vi.advanceTimersByTimeAsync(6_000);
            yield event;
          }
        })(),
    };
    const { healthy, rename, id } = await faulty(slow, 10_000);
    await carriedOut(healthy.send('tagAccount', { tags: ['vip', 'big'] }, { id }));
    expect(await carriedOut(rename()), 'after three events and 18 seconds').toMatchObject({ revision: 3 });
  });
});

describe('a server that tells no positions', () => {
  test('is asked for the end of the log: a place that is safe to wait for', async () => {
    const { store, healthy, rename, here, id } = await faulty({ positions: 'untold' });
    const end = () => store.log().at(-1)?.position.commit;
    expect((await carriedOut(rename())).position).toBe(end());
    await registered(healthy, 'second');
    const known = await carriedOut(rename());
    expect(known).toMatchObject({ repeated: true });
    expect(known.position).toBeGreaterThan(0n);
    const noop = await carriedOut(here.send('changeAccountDetails', { name: 'B' }, { id }));
    expect(noop).toMatchObject({
      appended: 0,
      position: store.stream(`account-main.${id}`).at(-1)?.position.commit,
    });
  });

  test('also when a process that has just started answers a repeat', async () => {
    const { store, rename, id } = await faulty({ positions: 'untold' });
    await carriedOut(rename());
    const fresh = writeSide(store.connect({ positions: 'untold' }));
    const again = await carriedOut(
      fresh.send('changeAccountDetails', { name: 'B' }, { id, commandId: 'rename' }),
    );
    expect(again).toMatchObject({ repeated: true, revision: 1 });
    expect(again.position).toBe(store.log().at(-1)?.position.commit);
  });
});
