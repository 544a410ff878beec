/**
 * All read models are built anew while people work: no command and no query fails, what a query shows never goes back, and
 * afterwards the rows are what a fold from scratch makes. `RELATA_FAULT_ROUNDS` makes it longer.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { progressOf, requestBuilds } from '../../../src/projections/engine/buildRequests.ts';
import { bothSides } from '../projections/compare.ts';
import { eventually } from '../projections/running.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const ROUNDS = Math.ceil(Number(process.env.RELATA_FAULT_ROUNDS ?? 2) / 2);
const BEFORE = 300;

const REGISTER =
  'mutation R($name: String!) { registerAccount(input: { name: $name }) { id position account { name } } }';
const TAG =
  'mutation T($id: ID!, $tag: String!) { tagAccount(input: { id: $id, tags: [$tag] }) { position account { tags } } }';
const COUNTS = '{ accounts(first: 3) { totalCount nodes { name revision } } position }';

test('under commands and queries', async () => {
  let [sent, tagged] = [0, 0];
  let over = false;
  const ids: string[] = [];
  const register = async () => {
    const name = `Account ${++sent}`;
    const { registerAccount } = await world.data(REGISTER, { name });
    expect(registerAccount.account, 'what was written is read').toEqual({ name });
    ids.push(registerAccount.id);
  };
  for (let i = 0; i < BEFORE; i += 10) await Promise.all(Array.from({ length: 10 }, register));

  const write = async () => {
    while (!over) {
      await register();
      tagged += 7; // here and there
      const tag = `tag ${tagged}`;
      const { tagAccount } = await world.data(TAG, { id: ids[tagged % ids.length], tag });
      expect(tagAccount.account.tags).toContain(tag);
    }
  };
  let asked = 0;
  const read = async () => {
    let [count, position] = [BEFORE, -1n];
    while (!over) {
      const shown = await world.data(COUNTS);
      expect(shown.accounts.totalCount).toBeGreaterThanOrEqual(count);
      expect(BigInt(shown.position)).toBeGreaterThanOrEqual(position);
      expect(shown.accounts.nodes).toHaveLength(3);
      [count, position] = [shown.accounts.totalCount, BigInt(shown.position)];
      asked += 1;
    }
  };
  const working = Promise.all([write(), write(), write(), write(), read(), read()]);
  working.catch(() => undefined); // it is awaited below
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const schemas = await requestBuilds(world.postgres.pool, world.models);
      await Promise.race([
        working, // only if it fails
        eventually(
          () => progressOf(world.postgres.pool, schemas),
          ({ builds }) => expect(new Set(builds.map(({ state }) => state))).toEqual(new Set(['shown'])),
        ),
      ]);
    }
  } finally {
    over = true;
  }
  await working;
  expect(asked).toBeGreaterThan(10);
  expect(sent).toBeGreaterThan(BEFORE + 10);

  const log = await world.log();
  expect(await world.visibility.waitFor(log.at(-1)?.position ?? -1n, 20_000)).toBe('visible');
  const { stored, folded } = await bothSides(world.postgres.pool, world.models, log);
  expect(stored).toEqual(folded);
}, 120_000);
