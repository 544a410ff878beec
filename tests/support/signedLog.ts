/** A log in memory that commands write to, whose tree is signed when a test says so: as the keeper does it, by other code. */
import { generateKeyPairSync } from 'node:crypto';
import { idFrom, sealEvent, streamHash } from '../../src/eventstore/hash.ts';
import type { LogPoint } from '../../src/projections/engine/source.ts';
import { growingTree } from '../../src/proof/growingTree.ts';
import { keyMessage, type Signer, signerOf, signHead } from '../../src/proof/head.ts';
import type { WitnessedHead } from '../../src/proof/headFiles.ts';
import { leafEventOf, leafText, workspaceOf } from '../../src/proof/leaf.ts';
import { leafHash } from '../../src/proof/merkle.ts';
import type { StoredLogEvent } from '../../src/proof/storedLog.ts';
import { type LogEvent, memoryEventStore } from './memoryEventStore.ts';
import { carriedOut, writeSide } from './writeSide.ts';

export const WORKSPACE = 'main';

export const newSigner = (): Signer =>
  signerOf(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());

export const leafOf = (event: LogEvent): Buffer => leafHash(leafText(leafEventOf(event)));

export const pointOf = ({ id: eventId, position }: LogEvent): LogPoint => ({ ...position, eventId });

export const asLogged = (events: readonly LogEvent[]): readonly StoredLogEvent[] =>
  events.map(stored => ({ stored, point: pointOf(stored) }));

export function signedLog() {
  const store = memoryEventStore();
  const { send } = writeSide(store.connect(), { workspaceId: WORKSPACE });
  let signer = newSigner();
  let [made, previousSize] = [0, 0];

  /** A head of all that is there. */
  const sign = async (): Promise<WitnessedHead> => {
    const { keyId, publicKey } = signer;
    await carriedOut(send('publishSigningKey', { keyId, publicKey }));
    const tree = growingTree();
    const ours = store.log().filter(event => workspaceOf(event) === WORKSPACE);
    for (const event of ours) tree.push(leafOf(event));
    const size = tree.size();
    const head = signHead(
      {
        workspaceId: WORKSPACE,
        size,
        rootHash: tree.rootAt(size)!.toString('hex'),
        position: String(ours.at(-1)!.position.commit),
        previousSize,
        signedAt: '2017-03-31T12:00:00.000Z',
      },
      signer,
    );
    const { workspaceId: _, ...input } = head;
    await carriedOut(send('signTreeHead', input, { id: idFrom(WORKSPACE, 'treeHead', '2017-03') }));
    previousSize = size;
    return { ...head, publicKey };
  };

  return {
    store,
    send,
    sign,
    events: store.log,
    /** Accounts that are registered and renamed: two events each. */
    tell: async (accounts: number): Promise<void> => {
      for (let i = 0; i < accounts; i++) {
        made += 1;
        const commandId = `account-${made}`;
        const { id: accountId } = await carriedOut(
          send('registerAccount', { name: `Account ${made}` }, { commandId }),
        );
        await carriedOut(send('changeAccountDetails', { name: `Renamed ${made}` }, { id: accountId }));
      }
    },
    rotate: async (previous: 'signs' | 'lost' | 'forged'): Promise<void> => {
      const [before, next] = [signer, newSigner()];
      const successor = { keyId: next.keyId, publicKey: next.publicKey, previousKeyId: before.keyId };
      const by = previous === 'forged' ? next : before;
      const signature = previous === 'lost' ? {} : { signature: by.sign(keyMessage(WORKSPACE, successor)) };
      await carriedOut(send('publishSigningKey', { ...successor, ...signature }));
      signer = next;
    },
    signer: () => signer,
    useSigner: (other: Signer) => {
      signer = other;
    },
  };
}

/**
 * The log as somebody writes it anew who has all that Relata has, keys too: with something changed, every id and hash
 * after it made to fit, and every head signed again.
 */
export function rewritten(
  events: readonly LogEvent[],
  change: (event: LogEvent) => LogEvent | undefined,
  signer: Signer | undefined,
): readonly LogEvent[] {
  const hashes = new Map<string, { readonly hash: string; readonly revision: number }>();
  const tree = growingTree(undefined, 64);
  return events.flatMap(event => {
    const changed = change(event);
    if (!changed) return [];
    const { streamId: stream, type } = changed;
    const before = hashes.get(stream) ?? { hash: streamHash(stream), revision: -1 };
    const revision = before.revision + 1;
    const metadata = { ...(changed.metadata as object), prevHash: before.hash };
    const data = type === 'TreeHeadSigned' && signer ? signedAnew(changed) : changed.data;
    const { id: eventId, hash } = sealEvent({ stream, revision, type, data, metadata });
    hashes.set(stream, { hash, revision });
    const made = { ...changed, revision: BigInt(revision), metadata, data, id: eventId };
    if (workspaceOf(made) === WORKSPACE) tree.push(leafOf(made));
    return [made];
  });

  function signedAnew({ data }: LogEvent): object {
    const { size, position, previousSize, signedAt } = data as WitnessedHead;
    const root = tree.rootAt(Math.min(size, tree.size()))?.toString('hex') ?? '';
    const head = { workspaceId: WORKSPACE, size: Math.min(size, tree.size()), rootHash: root };
    const { workspaceId: _, ...made } = signHead({ ...head, position, previousSize, signedAt }, signer!);
    return made;
  }
}

/** Some event of the log that is not of the tree itself. */
export const isOrdinary = ({ type }: LogEvent): boolean =>
  !type.startsWith('TreeHead') && !type.startsWith('SigningKey');
