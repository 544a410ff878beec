/** Erasing a person by command: the key is gone when it is answered, whatever happens on the way. */
import { describe, expect, test } from 'vitest';
import { vaultError } from '../../../src/eventstore/personal/errors.ts';
import { expectWholeChain } from '../../support/chain.ts';
import { memoryEventStore } from '../../support/memoryEventStore.ts';
import { memoryVault } from '../../support/memoryVault.ts';
import { unreachable } from '../../support/storeFaults.ts';
import { carriedOut, refusedAs, writeSide } from '../../support/writeSide.ts';
import { ANN_AT, add, BOB_AT, create, isFor } from './contacts.ts';
import { failing } from './failing.ts';
import { types } from './support.ts';

/** A vault that can be away. */
function aVault() {
  const vault = memoryVault();
  let away = false;
  const answered = async <T>(ask: () => Promise<T>): Promise<T> => {
    if (away) throw vaultError('VAULT_UNAVAILABLE', 'the database did not answer');
    return ask();
  };
  return {
    forget: vault.forget,
    goAway: () => {
      away = true;
    },
    comeBack: () => {
      away = false;
    },
    keys: {
      forWriting: (...asked: Parameters<typeof vault.forWriting>) =>
        answered(() => vault.forWriting(...asked)),
      forReading: (...asked: Parameters<typeof vault.forReading>) =>
        answered(() => vault.forReading(...asked)),
      erase: (...asked: Parameters<typeof vault.erase>) => answered(() => vault.erase(...asked)),
    },
  };
}

async function ann() {
  const store = memoryEventStore();
  const vault = aVault();
  const side = () => writeSide(store.connect(), { keys: vault.keys });
  const here = side();
  const { id } = await carriedOut(create(here, 'ann', ANN_AT));
  const subject = { workspaceId: 'main', category: 'contact', id };
  const hasKey = async () => (await vault.keys.forWriting([subject])).size === 1;
  const erase = (by = here, commandId = 'erase') =>
    by.send('eraseContact', { reason: 'on request' }, { id, commandId });
  return { store, vault, side, here, id, hasKey, erase, stream: `contact-main.${id}` };
}

test('it is an event in the record’s own stream, and the key is gone', async () => {
  const { store, here, id, hasKey, erase, stream } = await ann();
  expect(await hasKey()).toBe(true);
  const done = await carriedOut(erase());
  expect(done).toMatchObject({ id, revision: 1, appended: 1, repeated: false });
  expect(types(store.stream(stream))).toEqual(['ContactCreated', 'ContactErased']);
  expect(store.stream(stream)[1]?.data).toEqual({ reason: 'on request' });
  expect(await hasKey()).toBe(false);
  expectWholeChain(store.stream(stream));
  expect(await carriedOut(erase()), 'the same command again').toMatchObject({ revision: 1, repeated: true });
  expect(await carriedOut(erase(here, 'once-more'))).toMatchObject({ revision: 1, appended: 0 });
});

test.each(['knows', 'has just started'] as const)(
  'a process that %s the record takes nothing more for it, and says why',
  async who => {
    const { side, here, id, erase } = await ann();
    const other = side();
    await carriedOut(other.send('tagContact', { tags: ['vip'] }, { id }));
    await carriedOut(erase());
    const process = who === 'knows' ? other : side();
    for (const [command, input] of [
      ['changeContactDetails', { name: 'Again' }],
      ['addContactEmail', { email: BOB_AT }],
      ['archiveContact', {}],
    ] as const)
      expect(await refusedAs(process.send(command, input, { id }))).toMatchObject({
        kind: 'RULE_VIOLATION',
        code: 'ERASED',
      });
    expect(await carriedOut(create(here, 'ann', ANN_AT)), 'what was done is done').toMatchObject({
      repeated: true,
    });
  },
);

test('their addresses are free at once, also where the process died before it freed them', async () => {
  const { here, erase } = await ann();
  await carriedOut(erase());
  const { id } = await carriedOut(create(here, 'bob', ANN_AT));
  expect(await refusedAs(create(here, 'carol', ANN_AT))).toMatchObject({ details: { holderId: id } });

  const { ill, well, fail } = failing();
  const old = await carriedOut(create(well, 'old', BOB_AT));
  fail(call => isFor('reservation', call), unreachable);
  await carriedOut(ill.send('eraseContact', {}, { id: old.id }));
  await carriedOut(create(well, 'new', BOB_AT));
});

test.each(['erase', 'another'])(
  'where the key can’t be destroyed now, the sender is told so, and the next command %s does it',
  async again => {
    const { store, vault, hasKey, erase, stream, side, id } = await ann();
    const erasing = side();
    await carriedOut(erasing.send('tagContact', { tags: ['known'] }, { id }));
    vault.goAway();
    expect(await refusedAs(erase(erasing))).toMatchObject({ kind: 'UNAVAILABLE' });
    expect(types(store.stream(stream)).at(-1)).toBe('ContactErased');
    vault.comeBack();
    expect(await hasKey()).toBe(true);
    expect(await carriedOut(erase(erasing, again))).toMatchObject({
      appended: 0,
      repeated: again === 'erase',
    });
    expect(await hasKey()).toBe(false);
  },
);

describe('without the database that keys are in', () => {
  test('what is about persons waits for it, and leaves nothing; other commands go on', async () => {
    const { store, vault, side, here, id } = await ann();
    const { length } = store.log();
    vault.goAway();
    for (const answer of [
      create(here, 'bob', BOB_AT),
      add(here, id, BOB_AT),
      side().send('tagContact', { tags: ['vip'] }, { id }),
    ])
      expect(await refusedAs(answer)).toMatchObject({
        kind: 'UNAVAILABLE',
        message: expect.stringContaining('send the command again with the same commandId'),
      });
    expect(store.log()).toHaveLength(length);
    await carriedOut(here.send('registerAccount', { name: 'Acme' }));
    vault.comeBack();
    await carriedOut(create(here, 'bob', BOB_AT));
  });
});

test('a stream whose key was lost is not readable, and says what to do', async () => {
  const { vault, side, id } = await ann();
  vault.forget();
  expect(await refusedAs(side().send('archiveContact', {}, { id }))).toMatchObject({
    kind: 'STREAM_UNREADABLE',
    message: expect.stringContaining('Restore its schema vault from a backup'),
  });
});
