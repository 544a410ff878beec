/**
 * Any commands, sent by several processes at once to few records, with faults at any step. Held against a plain fold of
 * the log: what was answered as done is there once, a lost answer left all or nothing, a refusal left nothing and was
 * true when it was given.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createdId, singletonId } from '../../../src/commands/wish.ts';
import { pipeline } from '../../../src/domain/sales/pipeline.ts';
import { workspace } from '../../../src/domain/sales/workspace.ts';
import { known } from '../../support/decider.ts';
import { memoryEventStore } from '../../support/memoryEventStore.ts';
import { defined, eur, STAGES } from '../../support/sales.ts';
import { carriedOut, writeSide } from '../../support/writeSide.ts';
import { faults, interleaved } from './interleaved.ts';
import { checkStream, type Entry } from './journal.ts';
import { streamOf } from './support.ts';

const idOf = (category: string, commandId: string) => createdId('main', category, commandId);
const PIPELINE = idOf('pipeline', 'pipeline');
const [A, B, C] = ['a', 'b', 'c'].map(name => idOf('account', name)) as [string, string, string];
const TREE = singletonId('main', 'accountTree');
const facts = [
  known(pipeline, PIPELINE, defined()),
  known(
    workspace,
    singletonId('main', 'workspace'),
    workspace.events.WorkspaceDefaultPipelineChosen({ pipelineId: PIPELINE }),
  ),
];

type Wanted = {
  readonly name: string;
  readonly input: object;
  readonly category: string;
  readonly id?: string;
};
const deal = (name: string, input: object = {}): fc.Arbitrary<Wanted> =>
  fc
    .constantFrom('deal-1', 'deal-2')
    .map(key => ({ name, input, category: 'opportunity', id: idOf('opportunity', key) }));
const tree = (name: string, input: object): fc.Arbitrary<Wanted> =>
  fc.constant({ name, input, category: 'accountTree', id: TREE });

const wanted: fc.Arbitrary<Wanted> = fc.oneof(
  deal('changeOpportunityAmount', { amount: eur('1') }),
  deal('changeOpportunityAmount', { amount: eur('2') }),
  deal('winOpportunity'),
  deal('winOpportunity', { amount: eur('2') }),
  deal('loseOpportunity', { reasonCode: 'price' }),
  deal('reopenOpportunity'),
  deal('moveOpportunityToStage', { stageId: STAGES[1]?.stageId }),
  deal('tagOpportunity', { tags: ['red', 'blue'] }),
  deal('untagOpportunity', { tags: ['red'] }),
  deal('archiveOpportunity'),
  deal('restoreOpportunity'),
  fc
    .constantFrom('One', 'Two')
    .map(name => ({ name: 'openOpportunity', input: { name }, category: 'opportunity' })),
  tree('setAccountParent', { accountId: A, parentId: B }),
  tree('setAccountParent', { accountId: B, parentId: A }),
  tree('setAccountParent', { accountId: C, parentId: A }),
  tree('clearAccountParent', { accountId: A }),
);

const request = fc.record({
  wanted,
  process: fc.nat({ max: 2 }),
  commandId: fc.option(fc.constantFrom('k1', 'k2', 'k3', 'k4'), { nil: undefined }),
  ifRevision: fc.option(fc.nat({ max: 3 }), { nil: undefined, freq: 5 }),
});
/** Each client sends its next command when the one before is answered. */
const clients = fc.array(fc.array(request, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });

async function prepared() {
  const store = memoryEventStore();
  const { send } = writeSide(store.connect());
  await carriedOut(send('definePipeline', { name: 'Sales', stages: STAGES }, { commandId: 'pipeline' }));
  await carriedOut(send('chooseDefaultPipeline', { pipelineId: PIPELINE }));
  for (const name of ['a', 'b', 'c'])
    await carriedOut(send('registerAccount', { name }, { commandId: name }));
  const births: Entry[] = [];
  for (const commandId of ['deal-1', 'deal-2']) {
    const input = { name: commandId, amount: eur('1') };
    const result = await carriedOut(send('openOpportunity', input, { commandId }));
    const stream = streamOf('opportunity', result.id);
    births.push({
      name: 'openOpportunity',
      input,
      stream,
      commandId,
      ifRevision: undefined,
      result,
      from: 0,
      to: 1,
    });
  }
  return { store, births };
}

test(
  'whatever is sent, whoever comes in between and whatever fails',
  () =>
    fc.assert(
      fc.asyncProperty(clients, faults, fc.scheduler(), async (sent, planned, scheduler) => {
        const { store, births } = await prepared();
        const connection = interleaved(scheduler, planned);
        const processes = [10_000, 10_000, 1].map(cacheSize =>
          writeSide(store.connect(connection), { cacheSize }),
        );
        const journal = [...births];
        const length = (stream: string) => store.stream(stream).length;

        const sendAll = sent.map(async (requests, client) => {
          for (const [
            i,
            {
              wanted: { name, input, category, id },
              process,
              commandId = `own-${client}-${i}`,
              ifRevision,
            },
          ] of requests.entries()) {
            const stream = streamOf(category, id ?? idOf(category, commandId));
            const from = length(stream);
            const result = await processes[process]!.send(name, input, {
              id: category === 'accountTree' ? undefined : id,
              commandId,
              ifRevision,
            });
            journal.push({ name, input, stream, commandId, ifRevision, result, from, to: length(stream) });
          }
        });
        await scheduler.waitFor(Promise.all(sendAll));
        await scheduler.waitFor(connection.arrived());

        for (const stream of new Set(journal.map(entry => entry.stream)))
          await checkStream(
            store.stream(stream),
            journal.filter(entry => entry.stream === stream),
            facts,
          );
        const { send } = writeSide(store.connect());
        for (const { name, input, stream, commandId, result } of journal)
          if (result.ok && result.appended > 0)
            expect(
              await send(name, input, { id: stream.split('.')[1], commandId }),
              'sent once more, much later',
            ).toEqual({
              ...result,
              appended: 0,
              repeated: true,
            });
      }),
      { numRuns: 60 },
    ),
  120_000,
);
