/** When it happened: now unless said, never in the future, never before what the record already knows. */
import { expect, test } from 'vitest';
import { memoryEventStore } from '../../support/memoryEventStore.ts';
import { carriedOut, refusedAs, writeSide } from '../../support/writeSide.ts';
import { opened, registered } from './support.ts';

const [BEFORE, START, LATER] = [
  '2017-03-15T11:59:59.999Z',
  '2017-03-15T12:00:00.000Z',
  '2017-03-16T00:00:00.000Z',
];

/** A process with a clock that can be set. */
function clocked() {
  const store = memoryEventStore();
  let at = START;
  const here = writeSide(store.connect(), { now: () => new Date(at) });
  const times = () =>
    store.log().map(({ metadata }) => {
      const { occurredAt, recordedAt } = metadata as { occurredAt: string; recordedAt: string };
      return { occurredAt, recordedAt };
    });
  const set = (time: string) => {
    at = time;
  };
  return { store, here, times, set };
}

test('by default it happens now', async () => {
  const { here, times } = clocked();
  await registered(here);
  expect(times()).toEqual([{ occurredAt: START, recordedAt: START }]);
});

test('a clock that was set back does not lead a record back', async () => {
  const { here, times, set } = clocked();
  const { id } = await registered(here);
  set(BEFORE);
  await carriedOut(here.send('tagAccount', { tags: ['vip'] }, { id }));
  expect(times()[1]).toEqual({ occurredAt: START, recordedAt: BEFORE });
});

test('an earlier time is kept as given, in UTC, beside the time at which it was recorded', async () => {
  const { here, times } = clocked();
  await carriedOut(here.send('registerAccount', { name: 'A' }, { occurredAt: '2016-10-01T02:00:00+02:00' }));
  expect(times()).toEqual([{ occurredAt: '2016-10-01T00:00:00.000Z', recordedAt: START }]);
});

test('the future has not happened yet', async () => {
  const { here, store } = clocked();
  const soon = here.send('registerAccount', { name: 'A' }, { occurredAt: '2017-03-15T12:00:00.001Z' });
  expect(await refusedAs(soon)).toMatchObject({
    kind: 'RULE_VIOLATION',
    code: 'OCCURRED_IN_FUTURE',
    path: 'occurredAt',
  });
  expect(store.log()).toEqual([]);
  await carriedOut(here.send('registerAccount', { name: 'A' }, { occurredAt: START }));
});

test('nothing happens before what the record already knows; at the same instant it may', async () => {
  const { here, store } = clocked();
  const { id } = await registered(here);
  const tagged = (occurredAt: string) => here.send('tagAccount', { tags: ['vip'] }, { id, occurredAt });
  expect(await refusedAs(tagged(BEFORE))).toMatchObject({
    code: 'OCCURRED_BEFORE_LAST',
    path: 'occurredAt',
    details: { last: START },
  });
  expect(store.log()).toHaveLength(1);
  await carriedOut(tagged(START));
});

test('a repeat is recognised before its time is looked at', async () => {
  const { here, set } = clocked();
  const { id } = await registered(here);
  const tag = () => here.send('tagAccount', { tags: ['vip'] }, { id, commandId: 'tag', occurredAt: START });
  const first = await carriedOut(tag());
  set(LATER);
  await carriedOut(here.send('untagAccount', { tags: ['vip'] }, { id }));
  expect(await carriedOut(tag())).toEqual({ ...first, appended: 0, repeated: true });
  set(BEFORE);
  expect(await carriedOut(tag()), 'also by a clock for which it is still to come').toMatchObject({
    repeated: true,
  });
});

test('a decision is of the day on which it happened', async () => {
  const { here, store, set } = clocked();
  const { id } = await opened(here);
  set(LATER);
  await carriedOut(here.send('winOpportunity', {}, { id, occurredAt: START }));
  expect(store.log().at(-1)?.data).toMatchObject({ closedOn: '2017-03-15' });
});
