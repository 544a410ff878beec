/** Server-side filters, by https://docs.kurrent.io/clients/grpc/subscriptions.html#server-side-filtering */
import { randomUUID } from 'node:crypto';
import {
  END,
  eventTypeFilter,
  excludeSystemEvents,
  jsonEvent,
  type Position,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { beforeAll, describe, expect, it } from 'vitest';
import { all, collect, ids, signal, useEventStore } from './support.ts';

const store = useEventStore();
/** Part of every stream and type here, so that a filter can pick them among others'. */
const mark = `f${randomUUID().replaceAll('-', '')}`;
const streams = { order: `${mark}order-1`, account: `${mark}account-1` };
const types = { opened: `${mark}Opened`, closed: `${mark}Closed` };
/** Stands for a position that is missing: no event is there. */
const NOWHERE: Position = { commit: 0n, prepare: 0n };
const END_MARK = `end${mark}`;
const note = (type: string) => jsonEvent({ type, data: {} });

describe('a filtered subscription to $all', () => {
  let before: Position;
  const written: { stream: string; type: string; id: string }[] = [];
  beforeAll(async () => {
    const { position } = await store.client.appendToStream(`other-${randomUUID()}`, note('Other'));
    before = position ?? { commit: 0n, prepare: 0n };
    for (let n = 0; n < 40; n++) {
      const stream = n % 2 === 0 ? streams.order : streams.account;
      const type = n % 3 === 0 ? types.opened : types.closed;
      const one = note(type);
      written.push({ stream, type, id: one.id });
      await store.client.appendToStream(stream, one);
    }
  });
  const expected = (test: (one: { stream: string; type: string }) => boolean) =>
    written.filter(test).map(({ id }) => id);

  it.each([
    [
      'a prefix of the stream',
      streamNameFilter({ prefixes: [`${mark}order`] }),
      ({ stream }: { stream: string }) => stream === streams.order,
    ],
    [
      'several prefixes of the stream',
      streamNameFilter({ prefixes: [`${mark}order`, `${mark}account`] }),
      () => true,
    ],
    [
      'an expression on the stream',
      streamNameFilter({ regex: `^${mark}(order|none)-\\d+$` }),
      ({ stream }: { stream: string }) => stream === streams.order,
    ],
    [
      'a prefix of the type',
      eventTypeFilter({ prefixes: [types.opened] }),
      ({ type }: { type: string }) => type === types.opened,
    ],
    ['several prefixes of the type', eventTypeFilter({ prefixes: [types.opened, types.closed] }), () => true],
    [
      'an expression on the type',
      eventTypeFilter({ regex: `^${mark}.*sed$` }),
      ({ type }: { type: string }) => type === types.closed,
    ],
  ] as const)('gives only what matches %s, history and live alike', async (_, filter, test) => {
    const wanted = expected(test);
    const subscription = store.client.subscribeToAll({ fromPosition: before, filter });
    const events = await collect(subscription, wanted.length);
    expect(ids(events)).toEqual(wanted);
    for (const { event } of events)
      expect(test({ stream: event?.streamId ?? '', type: event?.type ?? '' })).toBe(true);

    const live = store.client.subscribeToAll({ fromPosition: END, filter });
    await signal(live, 'caughtUp');
    const matching = written.find(test) ?? { stream: '', type: '' };
    const [hidden, shown] = [note('Hidden'), note(matching.type)];
    const given = collect(live, 1);
    await store.client.appendToStream(`hidden-${randomUUID()}`, hidden);
    await store.client.appendToStream(`${matching.stream.replace(/-1$/, '')}-2`, shown);
    expect(ids(await given)).toEqual([shown.id]);
  });

  it('can leave system events out', async () => {
    const stream = `${mark}plain-${randomUUID()}`;
    await store.client.appendToStream(`${mark}system-${randomUUID()}`, [note('$system'), note('$other')]);
    const one = note('Plain');
    await store.client.appendToStream(stream, one);
    const events = await collect(
      store.client.subscribeToAll({ fromPosition: before, filter: excludeSystemEvents() }),
      ({ event }) => event?.id === one.id,
    );
    expect(events.filter(({ event }) => event?.type.startsWith('$'))).toEqual([]);
    expect(ids(events)).toEqual(expect.arrayContaining(written.map(({ id }) => id)));
  });

  it('tells by checkpoints how far it has looked, though nothing matches', async () => {
    const { position } = await store.client.appendToStream(`quiet-${randomUUID()}`, note('Quiet'));
    await store.client.appendToStream(
      `quiet-${randomUUID()}`,
      Array.from({ length: 200 }, () => note('Quiet')),
    );
    const checkpoints: Position[] = [];
    const subscription = store.client.subscribeToAll({
      fromPosition: position ?? START,
      filter: eventTypeFilter({
        prefixes: [END_MARK],
        maxSearchWindow: 10,
        checkpointInterval: 2,
        checkpointReached: async (_, reached) => void checkpoints.push(reached),
      }),
    });
    const marked = collect(subscription, 1);
    await signal(subscription, 'caughtUp');
    await store.client.appendToStream(
      `quiet-${randomUUID()}`,
      Array.from({ length: 100 }, () => note('Quiet')),
    );
    const end = note(END_MARK);
    await store.client.appendToStream(`quiet-${randomUUID()}`, end);
    const [found] = await marked;
    expect(found?.event?.id).toBe(end.id);
    const between = await all(store.client.readAll({ fromPosition: position ?? NOWHERE }));
    expect(checkpoints.length).toBeGreaterThanOrEqual(10);
    expect(checkpoints.length).toBeLessThanOrEqual(between.length / 20);
    const commits = checkpoints.map(({ commit }) => commit);
    expect(commits).toEqual([...commits].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(commits).size).toBe(commits.length);
    for (const commit of commits) {
      expect(commit).toBeGreaterThan(position?.commit ?? 0n);
      expect(commit).toBeLessThan(found?.event?.position?.commit ?? 0n);
    }
  });

  it('loses nothing when it is resumed from a checkpoint', async () => {
    const type = `resume${mark}`;
    const wanted: string[] = [];
    const { position } = await store.client.appendToStream(`resume-${randomUUID()}`, note('Quiet'));
    for (let n = 0; n < 30; n++) {
      const one = note(type);
      wanted.push(one.id);
      await store.client.appendToStream(`resume-${randomUUID()}`, [note('Quiet'), note('Quiet'), one]);
    }
    const filterWith = (checkpointReached: (reached: Position) => void) =>
      eventTypeFilter({
        prefixes: [type],
        maxSearchWindow: 4,
        checkpointInterval: 1,
        checkpointReached: async (_, reached) => checkpointReached(reached),
      });
    const checkpoints: Position[] = [];
    const first = store.client.subscribeToAll({
      fromPosition: position ?? START,
      filter: filterWith(reached => void checkpoints.push(reached)),
    });
    const events = await collect(first, wanted.length);
    const positions = events.map(({ event }) => event?.position?.commit ?? 0n);
    for (const checkpoint of checkpoints.slice(0, 12)) {
      const missing = wanted.filter((_, n) => (positions[n] ?? 0n) > checkpoint.commit);
      const resumed = store.client.subscribeToAll({
        fromPosition: checkpoint,
        filter: filterWith(() => undefined),
      });
      expect(ids(await collect(resumed, missing.length))).toEqual(missing);
      await resumed.unsubscribe();
    }
    expect(checkpoints.length).toBeGreaterThan(5);
  });
});
