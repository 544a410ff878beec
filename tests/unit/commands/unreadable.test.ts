/** A stream that can't be understood takes no commands: nothing is skipped, and nothing is put on top of it. */
import { describe, expect, test } from 'vitest';
import { expectWholeChain } from '../../support/chain.ts';
import { type LogEvent, memoryEventStore } from '../../support/memoryEventStore.ts';
import { carriedOut, refusedAs, writeSide } from '../../support/writeSide.ts';
import { opened, registered, types } from './support.ts';

/** An account with two events, the process that wrote it, and one that has just started. */
async function tagged() {
  const store = memoryEventStore();
  const here = writeSide(store.connect());
  const account = await registered(here);
  await carriedOut(here.send('tagAccount', { tags: ['vip'] }, { id: account.id }));
  const sides = { knows: here, 'has just started': writeSide(store.connect()) };
  return { store, here, sides, ...account };
}

const ofFuture = ({ metadata }: LogEvent) => ({ ...(metadata as object), eventVersion: 99 });

describe.each(['knows', 'has just started'] as const)('a process that %s the record', who => {
  test.each([
    ['an unknown type', 'unknown event type', () => ({ type: 'AccountTeleported' })],
    ['a type of another kind of record', 'unknown event type', () => ({ type: 'ContactCreated' })],
    [
      'a version from the future',
      'version 99 is newer than 1',
      (last: LogEvent) => ({ type: last.type, metadata: ofFuture(last), data: last.data }),
    ],
    [
      'no envelope',
      'its metadata is no envelope',
      () => ({ type: 'AccountTagApplied', data: { tag: 'x' }, metadata: {} }),
    ],
    [
      'data that is no object',
      'its data is no JSON object',
      (last: LogEvent) => ({ type: last.type, metadata: last.metadata, data: ['x'] }),
    ],
  ])('refuses commands after an event of %s', async (_, reason, event) => {
    const { store, sides, id, stream } = await tagged();
    const last = store.stream(stream).at(-1)!;
    store.write(stream, { metadata: last.metadata, ...event(last) });
    const { length } = store.log();
    for (const command of ['archiveAccount', 'restoreAccount'])
      expect(await refusedAs(sides[who].send(command, {}, { id }))).toMatchObject({
        kind: 'STREAM_UNREADABLE',
        code: 'STREAM_UNREADABLE',
        message: expect.stringContaining(`of ${stream} can't be read: ${reason}`),
        details: { stream, revision: 2, type: event(last).type },
      });
    expect(store.log()).toHaveLength(length);
  });
});

test.each([
  ['its first event', (events: readonly LogEvent[]) => events.slice(1)],
  ['one in the middle', (events: readonly LogEvent[]) => [...events.slice(0, 1), ...events.slice(2)]],
])('a stream that lacks %s is refused', async (_, cut) => {
  const { store, here, id, stream } = await tagged();
  await carriedOut(here.send('tagAccount', { tags: ['big'] }, { id }));
  store.rewrite(stream, cut);
  const fresh = writeSide(store.connect());
  expect(await refusedAs(fresh.send('archiveAccount', {}, { id }))).toMatchObject({
    kind: 'STREAM_UNREADABLE',
  });
  expect(types(store.stream(stream))).not.toContain('AccountArchived');
});

test('a decision that looks at a record which can’t be read is refused, naming that one', async () => {
  const store = memoryEventStore();
  const { send } = writeSide(store.connect());
  const { id, pipelineId, stream } = await opened({ send });
  const pipeline = `pipeline-main.${pipelineId}`;
  store.write(pipeline, { type: 'PipelinePainted' });
  const fresh = writeSide(store.connect());
  expect(await refusedAs(fresh.send('winOpportunity', {}, { id }))).toMatchObject({
    kind: 'STREAM_UNREADABLE',
    details: { stream: pipeline, revision: 1, type: 'PipelinePainted' },
  });
  expect(store.stream(stream)).toHaveLength(1);
});

test('what is known by heart does not outlive a log that says otherwise, such as a restored one', async () => {
  const { store, here, id, stream } = await tagged();
  const copy = memoryEventStore();
  const elsewhere = writeSide(copy.connect());
  await registered(elsewhere);
  await carriedOut(elsewhere.send('changeAccountDetails', { name: 'Restored' }, { id }));
  store.rewrite(stream, () => copy.stream(stream));

  expect(await carriedOut(here.send('tagAccount', { tags: ['vip'] }, { id }))).toMatchObject({
    appended: 1,
    revision: 2,
  });
  expect(await carriedOut(here.send('changeAccountDetails', { name: 'Restored' }, { id }))).toMatchObject({
    appended: 0,
  });
  expectWholeChain(store.stream(stream));
});

test('a log that has become shorter is believed too', async () => {
  const { store, here, id, stream } = await tagged();
  store.rewrite(stream, events => events.slice(0, 1));
  expect(await carriedOut(here.send('tagAccount', { tags: ['vip'] }, { id }))).toMatchObject({
    appended: 1,
    revision: 1,
  });
});
