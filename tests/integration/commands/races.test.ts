/** Two processes, one event store: whoever comes second is told so, in a word that says why. */
import { expect, test } from 'vitest';
import { singletonId } from '../../../src/commands/wish.ts';
import { streamName } from '../../../src/domain/kernel/aggregate.ts';
import { expectWholeChain } from '../../support/chain.ts';
import { eur, STAGES } from '../../support/sales.ts';
import { carriedOut, type WriteSide } from '../../support/writeSide.ts';
import { codes, newWorkspace, told, useProcesses } from './support.ts';

const { start, read } = useProcesses();

const ROUNDS = Array.from({ length: 10 }, (_, round) => round);
const typesOf = async (stream: string) => (await read(stream)).map(({ type }) => type);

/** A workspace of its own, in which several processes are at work. */
function processes(count = 2) {
  const workspaceId = newWorkspace();
  const sides = Array.from({ length: count }, () => start(workspaceId));
  const [here, there] = sides as [WriteSide, WriteSide]; // there are two at least
  const streamOf = (category: string, id: string) => streamName(category, workspaceId, id);
  return { workspaceId, sides, here, there, streamOf };
}

async function opportunityOf({ here, streamOf }: ReturnType<typeof processes>) {
  const pipeline = await carriedOut(here.send('definePipeline', { name: 'Sales', stages: STAGES }));
  const input = { name: 'Deal', pipelineId: pipeline.id, amount: eur('500') };
  const { id } = await carriedOut(here.send('openOpportunity', input));
  return { id, stream: streamOf('opportunity', id) };
}

test('an opportunity is won or lost, and whoever comes second is told that it is no longer open', async () => {
  const both = processes();
  const { here, there } = both;
  for (const _ of ROUNDS) {
    const { id, stream } = await opportunityOf(both);
    const results = await Promise.all([
      told(() => here.send('winOpportunity', {}, { id })),
      told(() => there.send('loseOpportunity', { reasonCode: 'price' }, { id })),
    ]);
    expect(codes(results)).toEqual(['NOT_OPEN', 'OK']);
    const events = await read(stream);
    expect(events.map(({ type }) => type)).toEqual([
      'OpportunityOpened',
      results[0].ok ? 'OpportunityWon' : 'OpportunityLost',
    ]);
    expectWholeChain(events);
  }
});

test('one command, sent at once to both, is carried out once and answered alike', async () => {
  const both = processes();
  const { here, there } = both;
  const { id, stream } = await opportunityOf(both);
  for (const round of ROUNDS) {
    const request = { id, commandId: `tag-${round}` };
    const results = await Promise.all(
      [here, there, there, here].map(side =>
        carriedOut(side.send('tagOpportunity', { tags: [`a${round}`, `b${round}`] }, request)),
      ),
    );
    expect(new Set(results.map(({ revision, position }) => `${revision} at ${position}`)).size).toBe(1);
  }
  expect(await typesOf(stream)).toEqual([
    'OpportunityOpened',
    ...ROUNDS.flatMap(() => ['OpportunityTagApplied', 'OpportunityTagApplied']),
  ]);
});

test('one create, sent at once to both, makes one record', async () => {
  const { here, there, streamOf } = processes();
  for (const round of ROUNDS) {
    const results = await Promise.all(
      [here, there].map(side =>
        carriedOut(side.send('registerAccount', { name: 'Acme' }, { commandId: `acme-${round}` })),
      ),
    );
    expect(results[0]?.id).toBe(results[1]?.id);
    expect(await typesOf(streamOf('account', results[0]!.id))).toEqual(['AccountRegistered']);
  }
});

test('of two root accounts, one comes under the other', async () => {
  const { workspaceId, here, there, streamOf } = processes();
  for (const round of ROUNDS) {
    const accounts = ['a', 'b'].map(name =>
      here.send('registerAccount', { name }, { commandId: `${name}-${round}` }),
    );
    const [a, b] = (await Promise.all(accounts.map(carriedOut))).map(({ id }) => id);
    const results = await Promise.all([
      told(() => here.send('setAccountParent', { accountId: a, parentId: b })),
      told(() => there.send('setAccountParent', { accountId: b, parentId: a })),
    ]);
    expect(codes(results)).toEqual(['HIERARCHY_CYCLE', 'OK']);
  }
  const tree = await read(streamOf('accountTree', singletonId(workspaceId, 'accountTree')));
  expect(tree).toHaveLength(ROUNDS.length);
  expectWholeChain(tree);
});

test('an address goes to one contact, and the other is told whose it is', async () => {
  const { sides } = processes();
  for (const round of ROUNDS) {
    const emails = [`ann-${round}@example.com`];
    const results = await Promise.all(
      sides.map((side, i) =>
        told(() => side.send('createContact', { name: 'Ann', emails }, { commandId: `c-${i}-${round}` })),
      ),
    );
    expect(codes(results)).toEqual(['EMAIL_TAKEN', 'OK']);
    const winner = results.find(result => result.ok);
    const loser = results.find(result => !result.ok);
    expect(loser).toMatchObject({ error: { details: { holderId: winner?.ok && winner.id } } });
  }
});

test('many writers at one record: everything is there once, without a gap', async () => {
  const all = processes(4);
  const { sides } = all;
  const { id, stream } = await opportunityOf(all);
  const names = sides.flatMap((_, writer) => ROUNDS.map(round => ({ writer, tag: `w${writer}-${round}` })));
  const results = await Promise.all(
    names.map(({ writer, tag }) =>
      told(() => sides[writer]!.send('tagOpportunity', { tags: [tag] }, { id, commandId: tag })),
    ),
  );
  expect(codes(results)).toEqual(names.map(() => 'OK'));
  const [, ...tags] = await read(stream);
  expect(tags.map(({ data }) => (data as { tag: string }).tag).sort()).toEqual(
    names.map(({ tag }) => tag).sort(),
  );
  expect(new Set(results.map(result => result.ok && result.revision)).size).toBe(names.length);
  expectWholeChain(await read(stream));
});
