/** What auditors ask: every event by whatever they know of it, the heads and keys, and a proof of each event. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { connectEventStore, disconnect } from '../../../src/eventstore/client.ts';
import type { RecordedEvent } from '../../../src/eventstore/envelope.ts';
import { isSignedBy } from '../../../src/proof/head.ts';
import { keepTrees, systemClock } from '../../../src/proof/keeper.ts';
import { leafEventOf, leafText } from '../../../src/proof/leaf.ts';
import { leafHash, rootFromPath } from '../../../src/proof/merkle.ts';
import { storedLog } from '../../../src/proof/storedLog.ts';
import { newSigner } from '../../support/signedLog.ts';
import { writeSide } from '../../support/writeSide.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let log: readonly RecordedEvent[];
const signer = newSigner();
const stopping = new AbortController();
let keeping: Promise<void>;

type Head = {
  size: number;
  rootHash: string;
  position: string;
  previousSize: number;
  signedAt: string;
  keyId: string;
  publicKey: string;
  signature: string;
};
type Proof = {
  leafIndex: number | null;
  leafHash: string | null;
  path: string[] | null;
  head: Head | null;
  missing: string | null;
};

const PROOF = `proof { leafIndex leafHash path missing head { size rootHash position previousSize signedAt keyId publicKey signature } }`;

beforeAll(async () => {
  world = await openWorld();
  const { id } = await world.send(
    'registerAccount',
    { name: 'Nordwind' },
    { correlationId: 'campaign-7', causationId: 'call-1' },
  );
  for (const name of ['Nord', 'Wind', 'Nordwind again'])
    await world.send('changeAccountDetails', { name }, { id });
  await world.send('createContact', { name: 'Ann', emails: ['ann@example.com'] });
  await world.shown();
  log = await world.log();
}, 120_000);

afterAll(async () => {
  stopping.abort();
  await keeping;
  await world.close();
});

const ids = (events: readonly { id: string }[]) => events.map(({ id }) => id);
const eventsWhere = async (filter: object, more = '') =>
  (
    await world.data(
      `query Q($filter: TimelineEntryFilter) { events(first: 100, filter: $filter ${more}) { totalCount nodes { id } } }`,
      { filter },
    )
  ).events;

test('all events, the latest first, those of no record too', async () => {
  const { totalCount, nodes } = await eventsWhere({});
  expect(totalCount).toBe(log.length);
  expect(ids(nodes)).toEqual(ids(log.toReversed()));
  expect(log.map(({ category }) => category)).toContain('reservation');
});

describe('events are found', () => {
  const account = () => log.find(({ type }) => type === 'AccountRegistered')!;
  const cases: readonly (readonly [string, () => object, (event: RecordedEvent) => boolean])[] = [
    [
      'by record',
      () => ({ recordId: { eq: account().aggregateId } }),
      e => e.aggregateId === account().aggregateId,
    ],
    ['by kind of record', () => ({ recordType: { eq: 'contact' } }), e => e.category === 'contact'],
    [
      'by type',
      () => ({ type: { in: ['AccountRegistered', 'ContactCreated'] } }),
      e => ['AccountRegistered', 'ContactCreated'].includes(e.type),
    ],
    [
      'by actor',
      () => ({ actorId: { eq: account().actor.id }, actorType: { eq: 'user' } }),
      e => e.actor.id === account().actor.id && e.actor.type === 'user',
    ],
    [
      'by when it happened',
      () => ({ occurredAt: { gte: account().occurredAt, lt: log.at(-1)!.occurredAt } }),
      e => e.occurredAt >= account().occurredAt && e.occurredAt < log.at(-1)!.occurredAt,
    ],
    [
      'by when it was recorded',
      () => ({ recordedAt: { gte: log[2]!.recordedAt } }),
      e => e.recordedAt >= log[2]!.recordedAt,
    ],
    [
      'by correlation',
      () => ({ correlationId: { eq: 'campaign-7' } }),
      e => e.correlationId === 'campaign-7',
    ],
    ['by cause', () => ({ causationId: { eq: 'call-1' } }), e => e.causationId === 'call-1'],
    [
      'by command',
      () => ({ commandId: { eq: account().commandId } }),
      e => e.commandId === account().commandId,
    ],
  ];
  test.each(cases)('%s', async (_, filter, isOne) => {
    const expected = log.filter(isOne);
    expect(expected.length).toBeGreaterThan(0);
    expect(ids((await eventsWhere(filter())).nodes)).toEqual(ids(expected.toReversed()));
  });
  test('in the order that is asked for, page by page', async () => {
    const page = async (after?: string) =>
      (
        await world.data(
          `query P($after: String) { events(first: 2, after: $after, orderBy: [{ field: occurredAt }]) { nodes { id } pageInfo { endCursor hasNextPage } } }`,
          { after },
        )
      ).events;
    const seen: string[] = [];
    for (let after: string | undefined, more = true; more; ) {
      const { nodes, pageInfo } = await page(after);
      seen.push(...ids(nodes));
      [after, more] = [pageInfo.endCursor, pageInfo.hasNextPage];
    }
    expect(seen.toSorted()).toEqual(ids(log).toSorted());
    expect(seen.slice(0, 4)).toEqual(
      ids(log.toSorted((a, b) => (a.occurredAt < b.occurredAt ? -1 : 1))).slice(0, 4),
    );
  });
});

describe('proofs', () => {
  const proofs = async (more = ''): Promise<readonly { id: string; proof: Proof }[]> =>
    (
      await world.data(
        `{ events(first: 100) { nodes { id ${PROOF.replace('proof {', `proof${more} {`)} } } }`,
      )
    ).events.nodes;

  test('say why there is none before the first head', async () => {
    for (const { proof } of await proofs())
      expect(proof).toEqual({
        leafIndex: null,
        leafHash: null,
        path: null,
        head: null,
        missing: 'there is no such head yet',
      });
  });

  test('lead to the root of a signed head, for each event that it covers', async () => {
    keeping = keep();
    await vi.waitFor(
      async () => expect((await world.data('{ treeHeads { totalCount } }')).treeHeads.totalCount).toBe(1),
      { timeout: 20_000 },
    );
    const shown = await proofs();
    const texts = await leaves();
    const size = log.length;
    const covered = shown.filter(({ proof }) => proof.missing === null);
    expect(ids(covered)).toEqual(ids(log.toReversed()));
    for (const { id, proof } of covered) {
      const index = log.findIndex(event => event.id === id);
      const leaf = leafHash(texts.get(id)!);
      expect(proof).toMatchObject({ leafIndex: index, leafHash: leaf.toString('hex'), head: { size } });
      const path = proof.path!.map(hash => Buffer.from(hash, 'hex'));
      expect(rootFromPath(index, size, leaf, path)?.toString('hex')).toBe(proof.head!.rootHash);
      expect(isSignedBy({ workspaceId: 'default', ...proof.head! }, proof.head!.publicKey)).toBe(true);
    }
    // The key and the head themselves came after what it covers.
    expect(shown.filter(({ proof }) => proof.missing !== null).map(({ proof }) => proof.missing)).toEqual(
      Array(2).fill(`the head of ${size} events does not cover it yet`),
    );
  });

  test('are given against the head of a size as well, and not against one that there isn’t', async () => {
    const [first] = (await world.data('{ treeHeads(first: 1) { nodes { size } } }')).treeHeads.nodes;
    const shown = await proofs(`(headSize: ${first.size})`);
    expect(shown.filter(({ proof }) => proof.head?.size === first.size)).toHaveLength(first.size);
    for (const { proof } of await proofs(`(headSize: ${first.size + 1})`))
      expect(proof.missing).toBe('there is no such head yet');
  });

  test('of a page take as many statements as that of one event', async () => {
    const count = async (first: number) => {
      const before = world.statements.length;
      await world.data(`{ events(first: ${first}) { nodes { ${PROOF} } } }`);
      return world.statements.length - before;
    };
    await count(1);
    expect(await count(8)).toBe(await count(1));
  });

  test('heads and keys are listed as they were signed', async () => {
    const { treeHeads, signingKeys } = await world.data(`{
      treeHeads(first: 5) { nodes { size rootHash lastPosition previousSize signedAt keyId signature } }
      signingKeys { nodes { keyId publicKey previousKeyId signature } }
    }`);
    expect(signingKeys.nodes).toEqual([
      { keyId: signer.keyId, publicKey: signer.publicKey, previousKeyId: null, signature: null },
    ]);
    for (const { lastPosition, ...head } of treeHeads.nodes)
      expect(isSignedBy({ workspaceId: 'default', position: lastPosition, ...head }, signer.publicKey)).toBe(
        true,
      );
  });

  const leaves = async (): Promise<ReadonlyMap<string, string>> => {
    const client = connectEventStore(world.store.connectionString);
    const texts = new Map<string, string>();
    for await (const { event } of client.readAll())
      if (event && !event.type.startsWith('$')) texts.set(event.id, leafText(leafEventOf(event)));
    await disconnect(client);
    return texts;
  };

  async function keep(): Promise<void> {
    const client = connectEventStore(world.store.connectionString);
    await keepTrees(
      {
        pool: world.postgres.pool,
        log: storedLog(client),
        dispatch: writeSide(client, { workspaceId: 'default', now: () => new Date() }).dispatch,
        signer: async () => signer,
        every: { events: log.length, ms: 600_000 },
        clock: systemClock,
        logger: { info: () => undefined, error: () => undefined },
        onHead: () => undefined,
      },
      stopping.signal,
    );
    await disconnect(client);
  }
});
