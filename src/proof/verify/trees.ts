/**
 * One workspace's tree, made anew from the log: every signed head in the log must be the root that it had, under a key
 * that was published before, and so must every head that a witness holds. What Postgres keeps of the tree must be the same.
 */
import { sha256 } from '../../eventstore/sha256.ts';
import { CHUNK, growingTree, joined } from '../growingTree.ts';
import { isSignedBy, keyMessage, type PublishedKey, type TreeHead, verifies } from '../head.ts';
import type { WitnessedHead } from '../headFiles.ts';
import { bytesOf } from '../treeStore.ts';
import type { Findings } from './findings.ts';

export type TreeCheck = {
  readonly add: (leaf: Leaf) => void;
  /** Once the log has come to its end. */
  readonly finish: () => TreeSummary;
};

/** An event, as far as trees are concerned. */
export type Leaf = {
  readonly hash: Buffer;
  readonly position: bigint;
  /** Of events that say something of the tree themselves. */
  readonly says?: { readonly type: string; readonly data: unknown } | undefined;
};

/** Types of events that a `Leaf` must say. */
export const SAYING: ReadonlySet<string> = new Set(['TreeHeadSigned', 'SigningKeyPublished']);

export type TreeSummary = {
  readonly workspaceId: string;
  /** Events, and how many of them the largest head in the log and the largest that a witness holds cover. */
  readonly size: number;
  readonly covered: number;
  readonly witnessed: number;
  readonly heads: number;
};

/** What Postgres keeps of a tree, as it was when the verification began. */
export type CachedTree = {
  readonly size: number;
  /** By chunk, the one that has begun too: its root once it is whole, SHA-256 of its leaves and of their positions. */
  readonly chunks: readonly CachedChunk[];
};

export type CachedChunk = {
  readonly root: Buffer | undefined;
  readonly leaves: Buffer;
  readonly positions: Buffer;
};

/** Where a verification begins that believes what is before: a head that was checked, and the tree up to it. */
export type Beginning = {
  readonly head: WitnessedHead;
  readonly roots: readonly Buffer[];
  /** Of the chunk that has begun. */
  readonly leaves: readonly Buffer[];
  readonly positions: readonly bigint[];
};

export type TreeCheckOptions = {
  readonly workspaceId: string;
  readonly findings: Findings;
  /** By size. */
  readonly witnessed: readonly WitnessedHead[];
  readonly cached: CachedTree | undefined;
  readonly since?: Beginning | undefined;
};

/** So many chunks back a head may be of that stands in the log; it comes a moment after what it covers. */
const REMEMBERED = 64;

export function checkTree({ workspaceId, findings, witnessed, cached, since }: TreeCheckOptions): TreeCheck {
  const tree = growingTree(since ? { roots: since.roots, tail: since.leaves } : undefined, REMEMBERED);
  const keys: PublishedKey[] = since ? [since.head] : [];
  let leaves = [...(since?.leaves ?? [])];
  let positions = [...(since?.positions ?? [])];
  const places = recentPositions(since ? { size: since.head.size, positions } : undefined);
  const ahead = witnessed.filter(({ size }) => size > tree.size());
  let nextWitnessed = 0;
  let signing = 0; // the latest key that a head was signed with
  let [covered, seen, heads] = [since?.head.size ?? 0, since?.head.size ?? 0, 0];
  const find = (code: Parameters<Findings['add']>[0]['code'], message: string, more: object = {}) =>
    findings.add({ code, message: `${message} (workspace ${workspaceId})`, workspaceId, ...more });

  const addKey = (data: unknown, position: bigint) => {
    const key = keyIn(data);
    const before = keys.at(-1);
    const at = { position: String(position) };
    if (before && key.signature === undefined)
      findings.remark({
        code: 'KEY_LOST',
        message: `Signing key ${key.keyId}, published at position ${position} of workspace ${workspaceId}, is not signed by the one before it (${before.keyId}): it was told that that one was lost. Ask who did it.`,
      });
    else if (before && !isSuccessor(workspaceId, key, before))
      find(
        'KEY_SIGNATURE',
        `signing key ${key.keyId} is not signed by the one before it, ${before.keyId}`,
        at,
      );
    keys.push(key);
  };

  const checkHead = (data: unknown, position: bigint) => {
    heads += 1;
    const head: TreeHead = { ...(data as TreeHead), workspaceId }; // what it doesn't hold doesn't verify
    const at = { position: String(position), size: head.size };
    const known = keys.findLastIndex(({ keyId }) => keyId === head.keyId);
    if (known < 0)
      find(
        'HEAD_KEY',
        `the head of ${head.size} events is signed with a key that was not published before, ${head.keyId}`,
        at,
      );
    else if (known < signing)
      find(
        'HEAD_KEY',
        `the head of ${head.size} events is signed with a key that another had taken the place of, ${head.keyId}`,
        at,
      );
    else if (!isSignedBy(head, keys[known]?.publicKey ?? ''))
      find('HEAD_SIGNATURE', `the signature of the head of ${head.size} events is wrong`, at);
    signing = Math.max(signing, known);
    const root = head.size <= tree.size() ? tree.rootAt(head.size)?.toString('hex') : 'none';
    if (root === undefined)
      findings.remark({
        code: 'HEAD_LATE',
        message: `The head of ${head.size} events came so late, at position ${position} of workspace ${workspaceId}, that its root was not compared; later heads cover the same events.`,
      });
    else if (root !== head.rootHash || places.at(head.size - 1) !== head.position)
      find(
        'HEAD_DIFFERS',
        `the signed head of the first ${head.size} events is not theirs: some of them were changed, taken out, put in or moved`,
        at,
      );
    else covered = Math.max(covered, head.size);
  };

  const checkChunk = (chunk: number, root: Buffer | undefined) => {
    const kept = cached?.chunks[chunk];
    if (!kept) return;
    const isSame =
      (root === undefined || kept.root?.equals(root)) &&
      kept.leaves.equals(sha256(joined(leaves))) &&
      kept.positions.equals(sha256(bytesOf(positions)));
    if (!isSame)
      find(
        'TREE_DIFFERS',
        `events ${chunk * CHUNK + 1} to ${chunk * CHUNK + leaves.length} are not those that the tree in Postgres was made of`,
      );
  };

  const checkWitnessed = () => {
    for (let head = ahead[nextWitnessed]; head?.size === tree.size(); head = ahead[++nextWitnessed]) {
      if (!isSignedBy(head, head.publicKey))
        find(
          'WITNESS_SIGNATURE',
          `the witness's head of ${head.size} events is not signed by the key that it names`,
          { size: head.size },
        );
      if (tree.rootAt(head.size)?.toString('hex') === head.rootHash) seen = head.size;
      else
        find(
          'WITNESS_DIFFERS',
          `the witness holds another head of the first ${head.size} events: some of them were changed, taken out, put in or moved since ${head.signedAt}`,
          { size: head.size },
        );
    }
  };

  return {
    add: ({ hash: leaf, position, says }) => {
      if (says?.type === 'SigningKeyPublished') addKey(says.data, position);
      if (says?.type === 'TreeHeadSigned') checkHead(says.data, position);
      leaves.push(leaf);
      positions.push(position);
      places.push(position);
      const root = tree.push(leaf);
      // A chunk that Postgres had only begun is compared as far as it had come.
      const isKept =
        cached !== undefined && (root ? tree.size() <= cached.size : tree.size() === cached.size);
      if (isKept) checkChunk(Math.ceil(tree.size() / CHUNK) - 1, root);
      if (root) [leaves, positions] = [[], []];
      checkWitnessed();
    },
    finish: () => {
      const beyond = ahead.at(-1);
      if (beyond && nextWitnessed < ahead.length)
        find(
          'LOG_CUT',
          `the witness holds a head of ${beyond.size} events, and the log has ${tree.size()}: its end was cut off, or events were taken out`,
          { size: beyond.size },
        );
      if (cached && cached.size > tree.size())
        find(
          'LOG_CUT',
          `the tree in Postgres was made of ${cached.size} events, and the log has ${tree.size()}: its end was cut off, or events were taken out`,
          { size: cached.size },
        );
      return { workspaceId, size: tree.size(), covered, witnessed: seen, heads };
    },
  };
}

/** What is no text verifies nothing. */
function keyIn(data: unknown): PublishedKey {
  const { keyId, publicKey, previousKeyId, signature } = Object(data) as Readonly<Record<string, unknown>>;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    keyId: text(keyId),
    publicKey: text(publicKey),
    ...(previousKeyId !== undefined && { previousKeyId: text(previousKeyId) }),
    ...(signature !== undefined && { signature: text(signature) }),
  };
}

const isSuccessor = (workspaceId: string, key: PublishedKey, before: PublishedKey): boolean =>
  key.previousKeyId === before.keyId &&
  verifies(keyMessage(workspaceId, key), key.signature ?? '', before.publicKey);

/** Positions of the last leaves, by their index, as heads have them. */
function recentPositions(
  begun: { readonly size: number; readonly positions: readonly bigint[] } | undefined,
) {
  const kept = new BigInt64Array(REMEMBERED * CHUNK);
  let size = begun ? begun.size - begun.positions.length : 0;
  const push = (position: bigint) => {
    kept[size % kept.length] = position;
    size += 1;
  };
  for (const position of begun?.positions ?? []) push(position);
  return {
    push,
    at: (index: number) => (index >= 0 && index < size ? String(kept[index % kept.length]) : undefined),
  };
}
