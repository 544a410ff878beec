/**
 * The keeper of the trees: follows the log beside the projector, hashes every event into its workspace's tree, and has a
 * head signed when enough events or enough time have passed since the last one. What it stores is a cache; two keepers at
 * once sign the same truth twice at most, and only one of them moves the cache.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Dispatch } from '../commands/dispatch.ts';
import type { CommandError } from '../commands/errors.ts';
import { idFrom } from '../eventstore/hash.ts';
import { checkLog } from '../projections/engine/checkLog.ts';
import { comparePoints, type Feed, type LogPoint } from '../projections/engine/source.ts';
import { type Signer, signHead } from './head.ts';
import { type Growth, type KeptTrees, openTrees } from './keptTrees.ts';
import type { StoredLog, StoredLogEvent } from './storedLog.ts';

export type Clock = {
  readonly now: () => Date;
  /** Resolves after the time, or at once when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
};

export const systemClock: Clock = {
  now: () => new Date(),
  wait: (ms, signal) =>
    delay(Math.min(ms, MOST_MS), undefined, { signal, ref: false }).catch(() => undefined),
};

/** What a timer of Node's can count to. */
const MOST_MS = 2 ** 31 - 1;

/** When a head is due: so many events after the last one, or so long after the first event that it doesn't cover. */
export type HeadEvery = { readonly events: number; readonly ms: number };

export type KeeperOptions = {
  readonly pool: pg.Pool;
  readonly log: StoredLog;
  readonly dispatch: Dispatch;
  /** Asked for each head, so that a key which was changed meanwhile is found. @throws what to do when there is none. */
  readonly signer: () => Promise<Signer>;
  readonly every: HeadEvery;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'error'>;
  /** Hears of every head that comes by in the log. */
  readonly onHead: (head: StoredLogEvent) => void;
};

const BATCH = 1_000;
/** Leaves that are kept back at most: what hashing them again would cost after a crash. */
const UNSTORED = 16 * 1_024;

const KEEPER = { type: 'process', id: 'treeKeeper' } as const;

/** Runs until the subscription ends or the signal aborts. @throws whatever fails, and a `Mismatch`. */
export async function keepTrees(options: KeeperOptions, signal: AbortSignal): Promise<void> {
  const { pool, log, clock } = options;
  const trees = await openTrees(pool, options.onHead, clock.now().getTime());
  const end = await checkLog(log, trees.begin);
  const feed = log.subscribe(trees.begin);
  const close = () => feed.close();
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  try {
    await follow(options, trees, feed, end, signal);
  } finally {
    signal.removeEventListener('abort', close);
    feed.close();
  }
}

/** @param end where the log ended when it was begun: up to there it only catches up. */
async function follow(
  options: KeeperOptions,
  trees: KeptTrees,
  feed: Feed<StoredLogEvent>,
  end: LogPoint | undefined,
  signal: AbortSignal,
) {
  const { clock, every } = options;
  const isLate = ({ since }: Growth) => clock.now().getTime() - since >= every.ms;
  let isBehind = comparePoints(trees.begin, end) < 0;
  let taking = feed.take(BATCH);
  for (;;) {
    const batch = await beforeDue(options, trees, taking);
    if (signal.aborted || batch?.length === 0) return;
    const begun = performance.now();
    if (batch) {
      await trees.add(batch, clock.now().getTime());
      if (trees.unstored() >= UNSTORED) await trees.store();
      isBehind &&= comparePoints(batch.at(-1)?.point, end) < 0;
      taking = feed.take(BATCH);
    }
    // While it catches up, their number alone asks for no head: the one at the end covers all of them.
    await signDue(options, trees, growth => isLate(growth) || (!isBehind && growth.pending >= every.events));
    // The projector has this thread too: of much to catch up with every second moment is left to it.
    if (isBehind) await delay(performance.now() - begun, undefined, { signal }).catch(() => undefined);
  }
}

/** The batch that is being taken; nothing when a head is due by time before there is one. */
async function beforeDue(
  { clock, every }: KeeperOptions,
  trees: KeptTrees,
  taking: Promise<readonly StoredLogEvent[]>,
) {
  const since = Math.min(...trees.grown().map(growth => growth.since));
  if (since === Number.POSITIVE_INFINITY) return taking;
  const taken = new AbortController();
  const due = clock.wait(Math.max(0, since + every.ms - clock.now().getTime()), taken.signal);
  try {
    return await Promise.race([taking, due.then(() => undefined)]);
  } finally {
    taken.abort();
  }
}

/** What heads are made of is stored first: then the proofs can be given as soon as there is the head. */
async function signDue(
  options: KeeperOptions,
  trees: KeptTrees,
  isDue: (growth: Growth) => boolean,
): Promise<void> {
  const due = trees.grown().filter(isDue);
  if (due.length === 0) return;
  await trees.store();
  for (const growth of due) {
    const { workspaceId, size } = growth;
    const refused = await sign(options, growth);
    if (!refused) trees.covered(workspaceId, size);
    else {
      options.logger.error({ workspaceId, size, code: refused.code }, refused.message);
      trees.postpone(workspaceId, options.clock.now().getTime());
    }
  }
}

/** @returns why it can't be signed for now. */
async function sign(
  { dispatch, signer, clock, logger }: KeeperOptions,
  growth: Growth,
): Promise<{ readonly code: string; readonly message: string } | undefined> {
  const { workspaceId, size, rootHash, position, headSize } = growth;
  const context = { workspaceId, actor: KEEPER };
  const key = await signer();
  const published = await dispatch(
    { name: 'publishSigningKey', input: { keyId: key.keyId, publicKey: key.publicKey } },
    context,
  );
  if (!published.ok) return keyRefused(published.error, key.keyId);
  const signedAt = clock.now().toISOString();
  const { workspaceId: _, ...input } = signHead(
    { workspaceId, size, rootHash: rootHash(), position: String(position), previousSize: headSize, signedAt },
    key,
  );
  const signed = await dispatch({ name: 'signTreeHead', input, id: monthId(workspaceId, signedAt) }, context);
  if (!signed.ok) throw failed(signed.error);
  logger.info({ workspaceId, size, position: String(position) }, 'tree head signed');
  return undefined;
}

function keyRefused({ code, message, details }: CommandError, keyId: string) {
  if (!code.startsWith('SIGNING_KEY_')) throw failed({ code, message });
  const told = `The signing key here is ${keyId}, and ${String(details?.current)} is published. Bring that one back (keys/signing.pem, or RELATA_SIGNING_KEY, the same for every instance), or run \`relata proof rotate-key --lost\` if it is lost. No tree head is signed until then.`;
  return { code, message: told };
}

/** The event store doesn't answer, say: whoever keeps the keeper lets it begin again. */
const failed = ({ code, message }: Pick<CommandError, 'code' | 'message'>): Error =>
  new Error(`a tree head could not be signed: ${code}, ${message}`);

/** The stream that a head goes to. */
const monthId = (workspaceId: string, signedAt: string): string =>
  idFrom(workspaceId, 'treeHead', signedAt.slice(0, 7));
