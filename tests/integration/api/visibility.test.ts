/** A query that is given a position shows what was written up to it, or says that it can't yet. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await world.send('registerAccount', { name: 'First' });
  await world.shown();
});
afterAll(() => world.close());

const register = async (name: string) => {
  const data = await world.data(
    'mutation R($name: String!) { registerAccount(input: { name: $name }) { id position } }',
    { name },
  );
  return data.registerAccount as { readonly id: string; readonly position: string };
};
const NAME = 'query N($id: ID!, $after: Position) { account(id: $id, after: $after) { name } }';

test('after a command its own record is there, at once and every time', async () => {
  for (let n = 0; n < 20; n++) {
    const { id, position } = await register(`A${n}`);
    expect(await world.data(NAME, { id, after: position })).toEqual({ account: { name: `A${n}` } });
  }
});

test('any of several fields says for all of them how far the answer must be', async () => {
  const { id, position } = await register('Together');
  const query = `query T($id: ID!, $after: Position) {
    account(id: $id) { name } accounts(filter: { id: { eq: $id } }) { totalCount }
    opportunities(afterPosition: $after) { totalCount } position }`;
  const data = await world.data(query, { id, after: position });
  expect(data).toMatchObject({ account: { name: 'Together' }, accounts: { totalCount: 1 } });
  expect(BigInt(data.position)).toBeGreaterThanOrEqual(BigInt(position));
});

test('lists, boards, summaries and timelines wait as well', async () => {
  const { id, position } = await register('Everywhere');
  const data = await world.data(
    `{ accounts(filter: { id: { eq: "${id}" } }, afterPosition: "${position}") { totalCount } }`,
  );
  expect(data.accounts.totalCount).toBe(1);
  const next = await register('Everywhere else');
  const timeline = `{ timeline(recordId: "${next.id}", afterPosition: ${next.position}) { totalCount } }`;
  expect((await world.data(timeline)).timeline.totalCount).toBe(1);
  for (const field of [
    'pipelineBoard(after: $p) { columns { count } }',
    'opportunitySummary(groupBy: OWNER, after: $p) { count }',
  ])
    await world.data(`query W($p: Position) { ${field} }`, { p: next.position });
});

describe('while nothing is projected', () => {
  test('the command is answered, and what is not there yet is said to be so', async () => {
    await world.stopProjector();
    const hasty = await world.serve({ limits: { visibilityMs: 50 } });
    const ask = async (query: string, variables = {}) =>
      (await hasty.inject({ method: 'POST', url: '/graphql', payload: { query, variables } })).json();
    const mutation =
      'mutation { registerAccount(input: { name: "Waiting", commandId: "w" }) { id position account { name } } }';
    const { data, errors } = await ask(mutation);
    const { id, position } = data.registerAccount;
    expect(data.registerAccount).toMatchObject({ id: expect.any(String), account: null });
    const shown = expect.stringMatching(/^\d+$/);
    expect(errors).toEqual([
      expect.objectContaining({
        path: ['registerAccount', 'account'],
        extensions: { code: 'NOT_YET_VISIBLE', details: { position, shown } },
      }),
    ]);
    const late = await ask(NAME, { id, after: position });
    expect(late.errors?.[0]?.extensions).toEqual({ code: 'NOT_YET_VISIBLE', details: { position, shown } });
    expect(await world.data(NAME, { id })).toEqual({ account: null });
    // What asks for no more than was written answers as ever.
    expect(
      (await world.data('{ accounts(filter: { name: { eq: "First" } }) { totalCount } }')).accounts
        .totalCount,
    ).toBe(1);

    await world.startProjector();
    expect(await world.visibility.waitFor(BigInt(position), 20_000)).toBe('visible');
    expect(await world.data(NAME, { id, after: position })).toEqual({ account: { name: 'Waiting' } });
  });
});
