/** Only a successful append may rest on the cache: whatever else is answered comes from streams that were read again. */
import { expect, test } from 'vitest';
import { createdId } from '../../../src/commands/wish.ts';
import { reject } from '../../../src/domain/kernel/rejection.ts';
import { id as someId } from '../../support/ids.ts';
import { memoryEventStore } from '../../support/memoryEventStore.ts';
import { STAGES } from '../../support/sales.ts';
import { carriedOut, refusedAs, writeSide } from '../../support/writeSide.ts';
import { callsDuring, opened, registered, streamOf, types, user } from './support.ts';

/** Two processes on one store: what one of them does leaves the other's cache behind. */
function twoProcesses(options: Parameters<typeof writeSide>[1] = {}) {
  const store = memoryEventStore();
  const [here, there] = [writeSide(store.connect(), options), writeSide(store.connect(), options)];
  return { store, here, there };
}

test('a command on a record that is known appends without reading', async () => {
  const { store, here } = twoProcesses();
  const { id, stream } = await registered(here);
  const { calls } = await callsDuring(store, () =>
    carriedOut(here.send('changeAccountDetails', { name: 'B' }, { id })),
  );
  expect(calls).toEqual([`append ${stream}`]);
});

test('a create appends without reading', async () => {
  const { store, here } = twoProcesses();
  const { calls } = await callsDuring(store, () => registered(here));
  expect(calls).toEqual([expect.stringMatching(/^append account-/)]);
});

test('the record and what was looked at besides are read again before a refusal', async () => {
  const { store, here } = twoProcesses();
  const { id, stream, pipelineId } = await opened(here);
  const { answer, calls } = await callsDuring(store, () =>
    refusedAs(here.send('moveOpportunityToStage', { stageId: pipelineId }, { id })),
  );
  expect(answer.code).toBe('STAGE_UNKNOWN');
  expect(calls).toEqual([`read ${stream}`, `read ${streamOf('pipeline', pipelineId)}`]);
});

test('what is true as far as is known is read again before nothing is done', async () => {
  const { store, here, there } = twoProcesses();
  const { id, stream } = await registered(here);
  const same = await callsDuring(store, () =>
    carriedOut(here.send('changeAccountDetails', { name: 'First' }, { id })),
  );
  expect(same.answer).toMatchObject({ appended: 0, repeated: false, revision: 0 });
  expect(same.calls).toEqual([`read ${stream}`]);

  await carriedOut(there.send('changeAccountDetails', { name: 'Second' }, { id }));
  const back = await carriedOut(here.send('changeAccountDetails', { name: 'First' }, { id }));
  expect(back).toMatchObject({ appended: 1, revision: 2 });
});

test('what another process has made true is not done twice', async () => {
  const { here, there, store } = twoProcesses();
  const { id, stream } = await registered(here);
  const { position } = await carriedOut(there.send('tagAccount', { tags: ['vip'] }, { id }));
  const answer = await carriedOut(here.send('tagAccount', { tags: ['vip'] }, { id }));
  expect(answer).toMatchObject({ appended: 0, repeated: false, revision: 1, position });
  expect(types(store.stream(stream))).toEqual(['AccountRegistered', 'AccountTagApplied']);
});

test('a rule that no longer refuses does not refuse', async () => {
  const { here, there } = twoProcesses();
  const { id } = await registered(here);
  await carriedOut(here.send('archiveAccount', {}, { id }));
  await carriedOut(there.send('restoreAccount', {}, { id }));
  await carriedOut(here.send('changeAccountDetails', { name: 'B' }, { id }));
});

test('a record that no longer is another’s is not denied', async () => {
  const { here, there } = twoProcesses({
    authorise: (_actor, permission, record) =>
      record?.ownerId && permission === 'account:tagAccount' ? reject('FORBIDDEN', 'not yours') : undefined,
  });
  const { id } = await registered(here);
  const ownerId = await user(here, 'ann');
  await carriedOut(here.send('changeAccountOwner', { ownerId }, { id }));
  expect(await refusedAs(here.send('tagAccount', { tags: ['vip'] }, { id }))).toMatchObject({
    kind: 'FORBIDDEN',
  });
  await carriedOut(there.send('changeAccountOwner', { ownerId: null }, { id }));
  await carriedOut(here.send('tagAccount', { tags: ['vip'] }, { id }));
});

test('who may not send the command at all is told so without a look at the record', async () => {
  const { store, here } = twoProcesses({ authorise: () => reject('FORBIDDEN', 'never') });
  const { answer, calls } = await callsDuring(store, () =>
    refusedAs(here.send('registerAccount', { name: 'A' })),
  );
  expect(answer).toMatchObject({ kind: 'FORBIDDEN', code: 'FORBIDDEN' });
  expect(calls).toEqual([]);
});

test('a revision that another process has reached is not said to be still to come', async () => {
  const { here, there } = twoProcesses();
  const { id } = await registered(here);
  await carriedOut(there.send('tagAccount', { tags: ['vip'] }, { id }));
  await carriedOut(here.send('changeAccountDetails', { name: 'B' }, { id, ifRevision: 1 }));
});

test('a fact that has changed elsewhere decides as it now is', async () => {
  const { here, there } = twoProcesses();
  const { id, pipelineId } = await opened(here);
  const stageId = someId(7);
  const stages = [...STAGES, { stageId, name: 'Signing' }];
  await carriedOut(there.send('changePipelineStages', { stages }, { id: pipelineId }));
  await carriedOut(here.send('moveOpportunityToStage', { stageId }, { id }));
});

test('a record that was looked for in vain is found once it is there', async () => {
  const { here, there } = twoProcesses();
  const { id } = await registered(here);
  const ownerId = createdId('main', 'user', 'ann');
  expect(await refusedAs(here.send('changeAccountOwner', { ownerId }, { id }))).toMatchObject({
    code: 'REFERENCE_NOT_FOUND',
    path: 'ownerId',
    details: { category: 'user', id: ownerId },
  });
  await user(there, 'ann');
  await carriedOut(here.send('changeAccountOwner', { ownerId }, { id }));
});

test('a record of which nothing is known is read once, and refused from that', async () => {
  const { store, here, there } = twoProcesses();
  const { id, stream } = await registered(here);
  const { calls } = await callsDuring(store, () => carriedOut(there.send('restoreAccount', {}, { id })));
  expect(calls).toEqual([`read ${stream}`]);
});
