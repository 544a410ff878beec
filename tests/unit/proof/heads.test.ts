/** What `relata verify` says of signed heads, of the keys that they are signed with, and of what Postgres keeps of the tree. */
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { idFrom } from '../../../src/eventstore/hash.ts';
import { CHUNK, growingTree, joined } from '../../../src/proof/growingTree.ts';
import { signHead } from '../../../src/proof/head.ts';
import type { WitnessedHead } from '../../../src/proof/headFiles.ts';
import { workspaceOf } from '../../../src/proof/leaf.ts';
import { bytesOf } from '../../../src/proof/treeStore.ts';
import type { Beginning, CachedTree } from '../../../src/proof/verify/trees.ts';
import { checkedLog } from '../../support/checkedLog.ts';
import type { LogEvent } from '../../support/memoryEventStore.ts';
import { leafOf, newSigner, signedLog, WORKSPACE } from '../../support/signedLog.ts';
import { carriedOut } from '../../support/writeSide.ts';

let log: ReturnType<typeof signedLog>;
beforeEach(() => {
  log = signedLog();
});

type Options = {
  readonly events?: readonly LogEvent[];
  readonly witnessed?: readonly WitnessedHead[];
  readonly cached?: CachedTree;
  readonly since?: Beginning;
};

function verified({ events = log.events(), witnessed = [], cached, since }: Options = {}) {
  const checked = checkedLog(events, {
    witnessed,
    cached: new Map(cached ? [[WORKSPACE, cached]] : []),
    ...(since && { since }),
  });
  return { ...checked, tree: checked.trees.find(({ workspaceId }) => workspaceId === WORKSPACE) };
}

test('it says how far heads and the witness reach', async () => {
  await log.tell(2);
  const first = await log.sign();
  await log.tell(2);
  const second = await log.sign();
  const size = log.events().length;
  expect(verified({ witnessed: [first] })).toMatchObject({
    events: size,
    tree: { size, heads: 2, covered: second.size, witnessed: first.size },
  });
  expect(second.previousSize).toBe(first.size);
});

describe('keys', () => {
  const sign = async () => {
    await log.tell(1);
    return log.sign();
  };
  test('one that the one before it has signed takes its place', async () => {
    await sign();
    await log.rotate('signs');
    await sign();
    await log.rotate('signs');
    await sign();
    expect(verified()).toMatchObject({ found: [], remarks: [] });
  });
  test('one that took the place of a lost one is remarked on', async () => {
    await sign();
    await log.rotate('lost');
    await sign();
    expect(verified()).toMatchObject({ found: [], remarks: ['KEY_LOST'] });
  });
  test('one that says so and was signed by another is found', async () => {
    await sign();
    await log.rotate('forged');
    await sign();
    expect(verified().found).toEqual(['KEY_SIGNATURE']);
  });
  test('a head by a key that another has taken the place of is found', async () => {
    await sign();
    const before = log.signer();
    await log.rotate('signs');
    await sign();
    await signTrulyBy(before);
    expect(verified().found).toEqual(['HEAD_KEY']);
  });
  test('a head by a key that was never published is found', async () => {
    await sign();
    await signTrulyBy(newSigner());
    expect(verified().found).toEqual(['HEAD_KEY']);
  });
  test('a head whose signature is of something else is found', async () => {
    await sign();
    await signTrulyBy(log.signer(), { signedAt: '2017-04-01T00:00:00.000Z' });
    expect(verified().found).toEqual(['HEAD_SIGNATURE']);
  });
  test.each([7, null, {}, 'no key'])('a head by a key that was changed to %j is found', async publicKey => {
    await sign();
    const events = log
      .events()
      .map(event =>
        event.type === 'SigningKeyPublished'
          ? { ...event, data: { ...(event.data as object), publicKey } }
          : event,
      );
    expect(verified({ events }).found).toContain('HEAD_SIGNATURE');
  });
  test('a head of another position than its last event has is found', async () => {
    await sign();
    await signTrulyBy(log.signer(), {}, { position: '1' });
    expect(verified().found).toEqual(['HEAD_DIFFERS']);
  });
  test("the witness's head must be signed by the key that it names", async () => {
    const head = await sign();
    expect(verified({ witnessed: [{ ...head, publicKey: newSigner().publicKey }] }).found).toEqual([
      'WITNESS_SIGNATURE',
    ]);
  });

  /** A head of the log's own events. @param said what it says and was not signed. */
  async function signTrulyBy(signer: ReturnType<typeof newSigner>, said: object = {}, signed: object = {}) {
    const events = log.events();
    const tree = treeOf(events);
    const { workspaceId: _, ...head } = signHead(
      {
        workspaceId: WORKSPACE,
        size: tree.size(),
        rootHash: tree.rootAt(tree.size())!.toString('hex'),
        position: String(events.at(-1)!.position.commit),
        previousSize: 0,
        signedAt: '2017-03-31T13:00:00.000Z',
        ...signed,
      },
      signer,
    );
    await carriedOut(
      log.send('signTreeHead', { ...head, ...said }, { id: idFrom(WORKSPACE, 'treeHead', '2017-04') }),
    );
  }
});

const treeOf = (events: readonly LogEvent[]) => {
  const tree = growingTree();
  for (const event of events) if (workspaceOf(event) === WORKSPACE) tree.push(leafOf(event));
  return tree;
};

describe('what Postgres keeps of the tree', () => {
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest();
  const cachedOf = (events: readonly LogEvent[]): CachedTree => ({
    size: events.length,
    chunks: Array.from({ length: Math.ceil(events.length / CHUNK) }, (_, i) => {
      const chunk = events.slice(i * CHUNK, (i + 1) * CHUNK);
      return {
        root: chunk.length === CHUNK ? treeOf(chunk).rootAt(CHUNK) : undefined,
        leaves: sha256(joined(chunk.map(leafOf))),
        positions: sha256(bytesOf(chunk.map(({ position }) => position.commit))),
      };
    }),
  });

  test('is compared chunk by chunk, up to where it is', async () => {
    await log.tell(CHUNK); // two events each, and some heads
    await log.sign();
    for (const size of [10, CHUNK, CHUNK + 10, log.events().length])
      expect(verified({ cached: cachedOf(log.events().slice(0, size)) }).found, `${size}`).toEqual([]);
    const whole = cachedOf(log.events());
    for (const chunk of whole.chunks.keys())
      for (const part of ['root', 'leaves', 'positions'] as const) {
        if (whole.chunks[chunk]![part] === undefined) continue;
        const other = { ...whole.chunks[chunk]!, [part]: sha256(Buffer.from('other')) };
        const cached = { ...whole, chunks: whole.chunks.with(chunk, other) };
        expect(verified({ cached }).found, `${part} of chunk ${chunk}`).toEqual(['TREE_DIFFERS']);
      }
  });
  test('knows of a tail that was cut off', async () => {
    await log.tell(4);
    const cached = cachedOf(log.events());
    expect(verified({ cached, events: log.events().slice(0, -1) }).found).toEqual(['LOG_CUT']);
    expect(verified({ cached, events: [] }).found).toEqual(['LOG_CUT']);
  });
});

describe('since a head', () => {
  test('what is before is believed, and what comes after is not', async () => {
    await log.tell(6);
    const head = await log.sign();
    await log.tell(3);
    const later = await log.sign();
    const before = log.events().slice(0, head.size);
    const after = log.events().slice(head.size);
    const since: Beginning = {
      head,
      roots: [],
      leaves: before.map(leafOf),
      positions: before.map(({ position }) => position.commit),
    };
    expect(verified({ events: after, since, witnessed: [head, later] })).toMatchObject({
      found: [],
      events: after.length,
      tree: { size: log.events().length, covered: later.size, witnessed: later.size },
    });
    const forged = after.with(3, { ...after[3]!, data: { forged: true } });
    expect(verified({ events: forged, since, witnessed: [head, later] }).found).toEqual([
      'CONTENT_CHANGED',
      'CHAIN_BROKEN',
      'WITNESS_DIFFERS',
      'HEAD_DIFFERS',
    ]);
  });
});
