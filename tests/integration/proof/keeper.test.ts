/** The keeper of the trees: when it signs, what it stores, and what becomes of both when it is cut short or not alone. */
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { isFenced } from '../../../src/projections/engine/failure.ts';
import { openReadPool } from '../../../src/projections/query/readPool.ts';
import { openSession } from '../../../src/projections/query/session.ts';
import { CHUNK } from '../../../src/proof/growingTree.ts';
import { inclusionsOf } from '../../../src/proof/inclusion.ts';
import { isMismatch, openTrees } from '../../../src/proof/keptTrees.ts';
import { leafHash, rootFromPath, rootOf } from '../../../src/proof/merkle.ts';
import { resetTrees } from '../../../src/proof/treeStore.ts';
import { readCachedTrees } from '../../../src/proof/verify/cachedTrees.ts';
import { checkedLog } from '../../support/checkedLog.ts';
import { followedLog } from '../../support/followedLog.ts';
import { asLogged, newSigner, signedLog, WORKSPACE } from '../../support/signedLog.ts';
import { startTestPostgres, type TestPostgres } from '../projections/database.ts';
import { headsIn, type Keeping, keeper, MINUTES_10, sizesIn, testClock, textsIn } from './keeping.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
}, 60_000);
afterAll(() => postgres.close());

let log: ReturnType<typeof signedLog>;
let clock: ReturnType<typeof testClock>;
let keeping: Keeping;
beforeEach(async () => {
  await postgres.reset();
  log = signedLog();
  clock = testClock();
  const followed = followedLog(log.store);
  keeping = { pool: postgres.pool, store: log.store, followed, clock, signer: newSigner() };
});

const eventually = (wanted: () => void | Promise<void>) =>
  vi.waitFor(wanted, { timeout: 20_000, interval: 10 });
const heads = (sizes: readonly number[]) => eventually(() => expect(sizesIn(log.store)).toEqual(sizes));
/** Both events of each account, seen by the keeper. */
const tell = async (accounts: number) => {
  await log.tell(accounts);
  keeping.followed.pump();
};
const moved = async () =>
  (await postgres.pool.query('SELECT commit_position::text AS at FROM relata.tree_checkpoint')).rows[0]
    ?.at as string;

async function reading<T>(read: (session: ReturnType<typeof openSession>) => Promise<T>): Promise<T> {
  const pool = openReadPool({ url: postgres.url, size: 1 });
  const session = openSession({ pool, waitFor: async () => undefined }, WORKSPACE);
  try {
    return await read(session);
  } finally {
    session.end();
    await pool.end();
  }
}

/** Nothing is wrong with the log, its heads, or what is kept of the tree. */
async function expectTrue(): Promise<void> {
  const cached = await reading(session => readCachedTrees(session.read));
  expect(checkedLog(log.store.log(), { cached }).found).toEqual([]);
}

describe('a head is signed', () => {
  test('after so many events', async () => {
    keeper(keeping);
    await tell(4);
    await tell(1);
    await heads([10]);
    await tell(5);
    await heads([10, 22]); // between them the key and the first head
    await expectTrue();
  });
  test('after so long, for what no head covers', async () => {
    keeper(keeping);
    await tell(1);
    await eventually(async () => expect(keeping.followed.subscriptions()).toBe(1));
    await advanceUntilHeads([2]);
    await tell(1);
    await advanceUntilHeads([2, 6]);
    await expectTrue();
  });
  test('and none for heads alone', async () => {
    const { seen } = keeper(keeping);
    await tell(5);
    await heads([10]);
    await eventually(() => expect(seen).toHaveLength(1));
    for (let i = 0; i < 5; i++) clock.advance(MINUTES_10);
    await tell(1); // the keeper has seen what time it is once it has seen this
    await advanceUntilHeads([10, 14]);
  });
  test('once for a long past, at its end', async () => {
    await log.tell(1_300);
    keeper(keeping);
    await heads([2_600]);
    await expectTrue();
  });
  test('under the key that is published first', async () => {
    keeper(keeping);
    await tell(5);
    await heads([10]);
    const types = log.store.log().map(({ type }) => type);
    expect(types.slice(10)).toEqual(['SigningKeyPublished', 'TreeHeadSigned']);
  });
});

/** Moves the clock until there are these; the keeper may not have seen the events yet when it is moved first. */
async function advanceUntilHeads(sizes: readonly number[]) {
  await eventually(() => {
    if (sizesIn(log.store).length < sizes.length) clock.advance(MINUTES_10);
    expect(sizesIn(log.store)).toEqual(sizes);
  });
}

describe('cut short', () => {
  test('it goes on from what is stored, over chunks too', async () => {
    const rounds = [600, 3, 700, 5];
    for (const accounts of rounds) {
      const { stop } = keeper(keeping);
      const before = sizesIn(log.store).length;
      await tell(accounts);
      await eventually(() => {
        if (sizesIn(log.store).length === before) clock.advance(MINUTES_10);
        expect(sizesIn(log.store).length).toBeGreaterThan(before);
      });
      await stop();
      await expectTrue();
    }
    expect(textsIn(log.store).length).toBeGreaterThan(2 * CHUNK);
  });
  test('between storing and signing: the head is due again', async () => {
    const broken = keeper({
      ...keeping,
      around: async (proceed, { stream }) => {
        if (stream.startsWith('treeHead')) throw new Error('killed');
        return proceed();
      },
    });
    await tell(5);
    expect(await broken.ended).toMatchObject({ message: expect.stringContaining('UNAVAILABLE') });
    expect([await moved(), headsIn(log.store)]).toEqual(['1000', []]);
    keeper(keeping);
    await eventually(() => {
      if (headsIn(log.store).length === 0) clock.advance(MINUTES_10);
      expect(headsIn(log.store)).toHaveLength(1);
    });
    expect(sizesIn(log.store)[0]).toBeGreaterThanOrEqual(10);
    await expectTrue();
  });
  test('after signing, before its answer: there is no second head of the same', async () => {
    const broken = keeper({
      ...keeping,
      around: async (proceed, { stream }) => {
        const answer = proceed();
        if (stream.startsWith('treeHead')) throw new Error('killed');
        return answer;
      },
    });
    await tell(5);
    expect(await broken.ended).toMatchObject({ message: expect.stringContaining('UNAVAILABLE') });
    const again = keeper(keeping);
    await eventually(() => expect(again.seen).toHaveLength(1));
    await tell(5);
    await eventually(() => expect(sizesIn(log.store)).toContain(22));
    expect(sizesIn(log.store).filter(size => size <= 10)).toEqual([10]);
    await expectTrue();
  });
});

describe('two at once', () => {
  test('sign what is true, and keep one tree', async () => {
    const two = [keeper(keeping), keeper(keeping)];
    for (let round = 1; round <= 8; round++) {
      await tell(5);
      await eventually(() => expect(Math.max(...sizesIn(log.store))).toBeGreaterThanOrEqual(10 * round));
    }
    await Promise.all(two.map(({ stop }) => stop()));
    for (const { ended } of two) expect([undefined, true]).toContain((await ended) && isFenced(await ended));
    await expectTrue();
  });
  test('move the tree by turns: whoever comes second begins again', async () => {
    await tell(3);
    const [first, second] = await Promise.all([open(), open()]);
    for (const trees of [first, second]) await trees.add(asLogged(log.store.log()), 0);
    await first.store();
    expect(isFenced(await second.store().catch((error: unknown) => error))).toBe(true);
    await first.store(); // nothing has come since
    await tell(1);
    await first.add(asLogged(log.store.log().slice(6)), 0);
    await first.store();
    await expectTrue();
  });
  const open = () => openTrees(postgres.pool, () => undefined, 0);
});

describe('a log that is not what was signed', () => {
  test('is not signed again', async () => {
    const first = keeper(keeping);
    await tell(5);
    await heads([10]);
    await first.stop();
    await resetTrees(postgres.pool);
    log.store.rewrite(log.store.log()[3]!.streamId, events =>
      events.map(event => ({ ...event, data: { forged: true } })),
    );
    const again = keeper(keeping);
    await tell(20);
    expect(isMismatch(await again.ended)).toBe(true);
    expect(sizesIn(log.store)).toEqual([10]);
  });
  test('but another log than was read is refused', async () => {
    const first = keeper(keeping);
    await tell(5);
    await heads([10]);
    await first.stop();
    const other = signedLog();
    await other.tell(50);
    const followed = followedLog(other.store);
    expect(await keeper({ ...keeping, store: other.store, followed }).ended).toMatchObject({
      failure: { code: 'OTHER_LOG' },
    });
  });
});

test('another key than the published one signs nothing, and what to do is said', async () => {
  const first = keeper(keeping);
  await tell(5);
  await heads([10]);
  await first.stop();
  const { errors } = keeper({ ...keeping, signer: newSigner() });
  await tell(5);
  await eventually(() => expect(errors).toEqual([expect.objectContaining({ code: 'SIGNING_KEY_DIFFERS' })]));
  expect(sizesIn(log.store)).toEqual([10]);
});

test('a proof is there for every event that a head covers, against each head', async () => {
  await log.tell(530); // a chunk, and some
  keeper(keeping);
  await eventually(() => expect(headsIn(log.store)).toHaveLength(1));
  await tell(5);
  await eventually(() => expect(headsIn(log.store)).toHaveLength(2));
  const leaves = textsIn(log.store).map(leafHash);
  const positions = log.store.log().map(({ position }) => position.commit);
  for (const size of sizesIn(log.store)) {
    const asked = [0, 1, 511, 512, CHUNK - 1, CHUNK, size - 1];
    const root = rootOf(leaves.slice(0, size));
    const proofs = await reading(session =>
      inclusionsOf(
        session,
        WORKSPACE,
        [...asked, size].map(i => positions[i]!),
        size,
      ),
    );
    expect(proofs.at(-1), 'not covered').toBeUndefined();
    for (const [i, index] of asked.entries()) {
      expect(proofs[i]).toMatchObject({ index, leaf: leaves[index] });
      expect(rootFromPath(index, size, leaves[index]!, proofs[i]!.path)).toEqual(root);
    }
  }
  expect(await reading(session => inclusionsOf(session, 'other', [positions[0]!], 10))).toEqual([undefined]);
  expect(
    await reading(
      async session => (await session.read(sql`SELECT count(*)::int FROM relata.tree_chunks`))[0],
    ),
  ).toEqual([2]);
});
