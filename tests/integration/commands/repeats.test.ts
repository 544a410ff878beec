/** A repeat answers as the first time, from what a server says of appends and of reads. */
import { expect, test } from 'vitest';
import { streamName } from '../../../src/domain/kernel/aggregate.ts';
import { expectWholeChain } from '../../support/chain.ts';
import { eur, STAGES } from '../../support/sales.ts';
import { carriedOut } from '../../support/writeSide.ts';
import { newWorkspace, useProcesses } from './support.ts';

const { start, read } = useProcesses();

test('with the same id, revision and position, also after 1,000 other events and in a process that has just started', async () => {
  const workspaceId = newWorkspace();
  const { send } = start(workspaceId);
  const { id: productId } = await carriedOut(send('introduceProduct', { name: 'Widget' }));
  const { id: pipelineId } = await carriedOut(send('definePipeline', { name: 'Sales', stages: STAGES }));
  const open = [
    'openOpportunity',
    { name: 'Deal', pipelineId, amount: eur('1') },
    { commandId: 'open' },
  ] as const;
  const opened = await carriedOut(send(...open));
  const { id } = opened;
  const add = ['addOpportunityLine', { productId, unitPrice: eur('7') }, { id, commandId: 'add' }] as const;
  const added = await carriedOut(send(...add));
  expect(added, 'a line, and the amount that follows').toMatchObject({ appended: 2, revision: 2 });

  const rename = (n: number) => carriedOut(send('changeOpportunityDetails', { name: `Deal ${n}` }, { id }));
  await Promise.all(Array.from({ length: 1_000 }, (_, n) => rename(n)));

  for (const side of [{ send }, start(workspaceId)]) {
    expect(await carriedOut(side.send(...open))).toEqual({ ...opened, appended: 0, repeated: true });
    expect(await carriedOut(side.send(...add))).toEqual({ ...added, appended: 0, repeated: true });
  }
  const events = await read(streamName('opportunity', workspaceId, id));
  expect(events).toHaveLength(1_003);
  expect(events[2]?.position?.commit, 'the place of its last event').toBe(added.position);
  expectWholeChain(events);
});

test('what is true already answers with the record’s own place', async () => {
  const workspaceId = newWorkspace();
  const { send } = start(workspaceId);
  const { id, position } = await carriedOut(send('registerAccount', { name: 'Acme' }));
  await carriedOut(send('registerAccount', { name: 'Other' }));
  for (const side of [{ send }, start(workspaceId)])
    expect(await carriedOut(side.send('changeAccountDetails', { name: 'Acme' }, { id }))).toMatchObject({
      appended: 0,
      position,
    });
});
