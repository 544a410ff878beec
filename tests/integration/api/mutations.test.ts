/** Commands over GraphQL: what they answer, once and for all, and how they are refused. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pascal } from '../../../src/domain/kernel/record.ts';
import { sample } from '../../support/sample.ts';
import { catalog } from '../../support/writeSide.ts';
import { type Answer, openWorld, type World } from './world.ts';

let world: World;
let pipelineId: string;
beforeAll(async () => {
  world = await openWorld();
  world.setClock('2017-03-15T12:00:00.000Z');
  const stages = [
    { name: 'New' },
    { name: 'Talks' },
    { name: 'Won', category: 'won' },
    { name: 'Lost', category: 'lost' },
  ];
  ({ id: pipelineId } = await world.send('definePipeline', { name: 'Sales', stages }));
  await world.send('chooseDefaultPipeline', { pipelineId });
  await world.shown();
});
afterAll(() => world.close());

const command = (name: string, selection: string) =>
  `mutation Send($input: ${pascal(name)}Input!) { ${name}(input: $input) { ${selection} } }`;

/** The payload of a command that is carried out. */
const sent = async (name: string, input: object, selection = 'id revision position') =>
  (await world.data(command(name, selection), { input }))[name];

/** The only error of one that is refused. */
async function refused(name: string, input: object) {
  const { data, errors } = await world.ask(command(name, 'id'), { input });
  expect(data).toEqual({ [name]: null });
  expect(errors?.length).toBe(1);
  const [error] = errors as NonNullable<Answer['errors']>;
  return error;
}

const account = (input: object = {}) => sent('registerAccount', { name: 'Acme', ...input });
const opportunity = () =>
  sent('openOpportunity', { name: 'Deal', amount: { amount: '10', currency: 'EUR' } });
const eventsOf = async (id: string) => (await world.log()).filter(({ aggregateId }) => aggregateId === id);

describe('each kind of record', () => {
  const creates = [...catalog.commands.values()].filter(({ declaration }) => declaration.creates);

  test.each(creates)('$name, and what all records have', async ({ name, aggregate, declaration }) => {
    const record = aggregate.category;
    const kind = pascal(record);
    const selection = `revision position ${record} { id revision ownerId tags archived }`;
    const begun = await sent(name, { ...sample(declaration.input), tags: ['One'] }, `id ${selection}`);
    const { id } = begun;
    const common = { id, revision: 0, ownerId: null, tags: ['one'], archived: false };
    expect(begun).toMatchObject({ revision: 0, [record]: common });

    const follow = async (command: string, input: object) =>
      (await sent(command, { id, ...input }, selection))[record];
    expect(await follow(`tag${kind}`, { tags: ['two'] })).toMatchObject({
      revision: 1,
      tags: ['one', 'two'],
    });
    expect(await follow(`untag${kind}`, { tags: ['one'] })).toMatchObject({ revision: 2, tags: ['two'] });
    expect(await follow(`change${kind}Owner`, { ownerId: null })).toMatchObject({ revision: 2 });
    expect(await follow(`archive${kind}`, {})).toMatchObject({ revision: 3, archived: true });
    expect(await follow(`restore${kind}`, {})).toMatchObject({ revision: 4, archived: false });
    const query = `query One($id: ID!) { ${record}(id: $id) { revision tags } }`;
    expect(await world.data(query, { id })).toEqual({ [record]: { revision: 4, tags: ['two'] } });
  });

  test('a command of the workspace has no record to show', async () => {
    expect(await sent('chooseDefaultPipeline', { pipelineId })).toMatchObject({ revision: 0 });
  });
});

test('the payload is the record as it now is, with all that hangs on it', async () => {
  const { id: accountId } = await account();
  const { id } = await opportunity();
  const selection =
    'opportunity { name account { name opportunities { totalCount } } stage { name } timeline { nodes { type } } }';
  const answer = await sent('changeOpportunityDetails', { id, name: 'Renamed', accountId }, selection);
  expect(answer.opportunity).toEqual({
    name: 'Renamed',
    account: { name: 'Acme', opportunities: { totalCount: 1 } },
    stage: { name: 'New' },
    timeline: { nodes: [{ type: 'OpportunityDetailsChanged' }, { type: 'OpportunityOpened' }] },
  });
});

test('occurredAt says when it happened; the record says so too', async () => {
  const { id } = await account({ occurredAt: '2017-02-01T10:00:00+01:00' });
  const { account: shown } = await sent(
    'tagAccount',
    { id, tags: ['x'], occurredAt: '2017-02-02T00:00:00Z' },
    'account { createdAt changedAt }',
  );
  expect(shown).toEqual({ createdAt: '2017-02-01T09:00:00.000Z', changedAt: '2017-02-02T00:00:00.000Z' });
});

describe('the same commandId', () => {
  test('twice answers the same, and is carried out once', async () => {
    const commandId = randomUUID();
    const first = await account({ commandId });
    await sent('tagAccount', { id: first.id, tags: ['later'] });
    expect(await account({ commandId })).toEqual(first);
    expect((await eventsOf(first.id)).map(({ type }) => type)).toEqual([
      'AccountRegistered',
      'AccountTagApplied',
    ]);
  });

  test('many times at once is carried out once', async () => {
    const { id } = await opportunity();
    const input = { id, amount: { amount: '12', currency: 'EUR' }, commandId: 'once' };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => sent('changeOpportunityAmount', input)),
    );
    expect(new Set(answers.map(answer => JSON.stringify(answer))).size).toBe(1);
    expect(await eventsOf(id)).toHaveLength(2);
  });

  test('with another input is refused', async () => {
    const commandId = randomUUID();
    await account({ commandId });
    expect((await refused('registerAccount', { name: 'Other', commandId }))?.extensions).toEqual({
      code: 'COMMAND_ID_REUSED',
      details: { commandId },
    });
  });
});

describe('two at once on one opportunity', () => {
  const race = (id: string, more: object) =>
    Promise.all([
      world.ask(command('winOpportunity', 'revision'), { input: { id, ...more } }),
      world.ask(command('loseOpportunity', 'revision'), { input: { id, reasonCode: 'price', ...more } }),
    ]);

  test.each([
    [{}, { code: 'RULE_VIOLATION', rule: 'NOT_OPEN' }],
    [{ ifRevision: 0 }, { code: 'STALE' }],
  ])('one wins, the other is told: %j', async (more, extensions) => {
    const { id } = await opportunity();
    const answers = await race(id, more);
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(1);
    expect(answers.flatMap(({ errors }) => errors ?? [])).toEqual([
      expect.objectContaining({ extensions: expect.objectContaining(extensions) }),
    ]);
    expect(await eventsOf(id)).toHaveLength(2);
  });
});

describe('is refused', () => {
  test('as VALIDATION with the path of each field that is wrong, and nothing is done', async () => {
    const error = await refused('registerAccount', {
      name: ' ',
      annualRevenue: { amount: '1.234', currency: 'EUR' },
      addresses: [{}, { city: 'x'.repeat(101) }],
      occurredAt: 'yesterday',
      commandId: 'with space',
    });
    expect(error).toMatchObject({ path: ['registerAccount'], extensions: { code: 'VALIDATION' } });
    const fields = error?.extensions.fields as { path: string; message: string }[];
    expect(fields.map(({ path }) => path).sort()).toEqual(
      ['addresses.1.city', 'annualRevenue.amount', 'commandId', 'name', 'occurredAt'].sort(),
    );
    expect(fields.every(({ message }) => message.length > 0)).toBe(true);
  });

  test('for an id that is none, or missing where null would be a wish', async () => {
    expect((await refused('tagAccount', { id: 'me', tags: ['x'] }))?.extensions).toMatchObject({
      code: 'VALIDATION',
      fields: [{ path: 'id' }],
    });
    const { id } = await opportunity();
    expect((await refused('changeOpportunityAmount', { id }))?.extensions).toMatchObject({
      code: 'VALIDATION',
      fields: [{ path: 'amount' }],
    });
    expect(
      await sent('changeOpportunityAmount', { id, amount: null }, 'opportunity { amount { amount } }'),
    ).toEqual({
      opportunity: { amount: null },
    });
  });

  test('as NOT_FOUND', async () => {
    expect((await refused('tagAccount', { id: randomUUID(), tags: ['x'] }))?.extensions).toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('as RULE_VIOLATION with the rule, the field and the facts', async () => {
    const missing = randomUUID();
    const input = { name: 'x', lines: [{ productId: missing }] };
    expect((await refused('openOpportunity', input))?.extensions).toEqual({
      code: 'RULE_VIOLATION',
      rule: 'REFERENCE_NOT_FOUND',
      fields: [{ path: 'lines.0.productId', message: expect.any(String) }],
      details: { category: 'product', id: missing },
    });
  });

  test('as STALE with what has changed since', async () => {
    const { id } = await account();
    await sent('tagAccount', { id, tags: ['a'] });
    await sent('changeAccountLifecycle', { id, lifecycle: 'customer' });
    const error = await refused('archiveAccount', { id, ifRevision: 0 });
    expect(error?.extensions).toMatchObject({
      code: 'STALE',
      details: {
        revision: 2,
        changes: [{ type: 'AccountTagApplied' }, { type: 'AccountLifecycleChanged', fields: ['from', 'to'] }],
      },
    });
    expect(await sent('archiveAccount', { id, ifRevision: 2 })).toMatchObject({ revision: 3 });
  });

  test('alone: the others of the same document are carried out and answered', async () => {
    const { data, errors } = await world.ask(`mutation {
      a: registerAccount(input: { name: "A" }) { revision account { name } }
      b: registerAccount(input: { name: "" }) { revision }
      c: registerAccount(input: { name: "C" }) { revision }
    }`);
    expect(data).toEqual({ a: { revision: 0, account: { name: 'A' } }, b: null, c: { revision: 0 } });
    expect(errors).toEqual([expect.objectContaining({ path: ['b'] })]);
  });
});
