/** One pass over the log: every chain, every tree, and whoever else wants its events. */
import type { Codec } from '../../eventstore/codec.ts';
import type { RecordedEvent } from '../../eventstore/envelope.ts';
import type { LogPoint } from '../../projections/engine/source.ts';
import { comparePoints } from '../../projections/engine/source.ts';
import type { WitnessedHead } from '../headFiles.ts';
import { leafEventOf, workspaceOf } from '../leaf.ts';
import type { StoredLog, StoredLogEvent } from '../storedLog.ts';
import { checkChains } from './chains.ts';
import type { Findings } from './findings.ts';
import { type Beginning, type CachedTree, checkTree, type TreeCheck, type TreeSummary } from './trees.ts';

export type LogCheckOptions = {
  readonly findings: Findings;
  /** Heads that a witness holds. */
  readonly witnessed: readonly WitnessedHead[];
  readonly cached: ReadonlyMap<string, CachedTree>;
  /** What is before is believed, and other workspaces are not looked at. */
  readonly since?: Beginning | undefined;
};

export type LogCheck = {
  readonly add: (event: StoredLogEvent) => void;
  readonly finish: () => {
    readonly events: number;
    readonly streams: number;
    readonly trees: readonly TreeSummary[];
  };
};

export function checkLogOf({ findings, witnessed, cached, since }: LogCheckOptions): LogCheck {
  const chains = checkChains(findings, { trusted: since !== undefined });
  const trees = new Map<string, TreeCheck>();
  let events = 0;

  const treeOf = (workspaceId: string): TreeCheck => {
    const tree =
      trees.get(workspaceId) ??
      checkTree({
        workspaceId,
        findings,
        witnessed: witnessed.filter(head => head.workspaceId === workspaceId).sort((a, b) => a.size - b.size),
        cached: cached.get(workspaceId),
        since,
      });
    trees.set(workspaceId, tree);
    return tree;
  };
  return {
    add: ({ stored, point }) => {
      const workspaceId = workspaceOf(stored);
      if (workspaceId === undefined) return deletion(stored, point, findings);
      if (since && workspaceId !== since.head.workspaceId) return;
      events += 1;
      const event = leafEventOf(stored);
      const text = chains.add(event, String(point.commit));
      treeOf(workspaceId).add({ text, type: event.type, data: event.data, position: point.commit });
    },
    finish: () => {
      // A tree of which nothing is left is looked for as well.
      const expected = since
        ? [since.head.workspaceId]
        : [...cached.keys(), ...witnessed.map(({ workspaceId }) => workspaceId)];
      for (const workspaceId of expected) treeOf(workspaceId);
      const summaries = [...trees.values()].map(tree => tree.finish());
      chains.close();
      return { events, streams: chains.streams(), trees: summaries };
    },
  };
}

/** The app's own user may not take streams away, nor shorten them. */
function deletion(
  { type, streamId, data }: StoredLogEvent['stored'],
  { commit }: LogPoint,
  findings: Findings,
): void {
  const stream = type === '$metadata' ? streamId.replace(/^\$\$/, '') : streamId;
  if (workspaceOf({ streamId: stream, type: '' } as StoredLogEvent['stored']) === undefined) return;
  const shortens = ['$tb', '$maxCount', '$maxAge'].some(key => Object.hasOwn((data ?? {}) as object, key));
  if (type !== '$streamDeleted' && !(type === '$metadata' && shortens)) return;
  findings.add({
    code: 'STREAM_DELETED',
    message: `${stream} was deleted or shortened at position ${commit}: nobody may do that to a stream of Relata's`,
    stream,
    position: String(commit),
  });
}

/** Hands out the log from a place to an end, in batches. @throws the signal's reason. */
export async function readLog(
  log: StoredLog,
  from: LogPoint | undefined,
  end: LogPoint,
  handle: (events: readonly StoredLogEvent[]) => Promise<void> | void,
  told: (position: bigint) => void,
  signal: AbortSignal,
): Promise<void> {
  const feed = log.subscribe(from);
  const close = () => feed.close();
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  try {
    for (;;) {
      const batch = await feed.take(BATCH);
      signal.throwIfAborted();
      if (batch.length === 0)
        throw new Error('the event store ended the subscription; run relata verify again');
      const upToEnd = batch.filter(({ point }) => comparePoints(point, end) <= 0);
      await handle(upToEnd);
      if (comparePoints(batch.at(-1)?.point, end) >= 0) return;
      told(batch.at(-1)?.point.commit ?? -1n);
    }
  } finally {
    signal.removeEventListener('abort', close);
    feed.close();
  }
}

const BATCH = 1_000;

/** Events as read models are folded of them. */
export const decoded =
  (codec: Pick<Codec, 'decode'>, add: (event: RecordedEvent) => void) =>
  async (events: readonly StoredLogEvent[]): Promise<void> => {
    const all = await codec.decode(events.map(({ stored, point }) => ({ ...stored, position: point })));
    for (const each of all) if (each.kind === 'event') add(each.event);
  };
