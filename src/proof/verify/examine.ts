/** One event after the other, as far as its own stream is concerned: its content, its chain, and its leaf. */
import { leafEventOf, workspaceOf } from '../leaf.ts';
import { leafHash } from '../merkle.ts';
import type { StoredLogEvent } from '../storedLog.ts';
import { checkChains } from './chains.ts';
import type { Findings } from './findings.ts';
import { type Leaf, SAYING } from './trees.ts';

export type Examiner = {
  /** @returns the leaf of an event of Relata's; nothing for another. */
  readonly examine: (
    event: StoredLogEvent,
  ) => { readonly workspaceId: string; readonly leaf: Leaf } | undefined;
  readonly streams: () => number;
  readonly close: () => void;
};

/** @param only the workspace that is looked at, whose streams may have begun before. */
export function createExaminer(findings: Pick<Findings, 'add'>, only: string | undefined): Examiner {
  const chains = checkChains(findings, { trusted: only !== undefined });
  return {
    examine: event => {
      const { stored, point } = event;
      const workspaceId = workspaceOf(stored);
      if (workspaceId === undefined) {
        lookForDeletion(event, findings);
        return undefined;
      }
      if (only !== undefined && workspaceId !== only) return undefined;
      const text = chains.add(leafEventOf(stored), String(point.commit));
      const { type, data } = stored;
      const says = SAYING.has(type) ? { type, data } : undefined;
      return { workspaceId, leaf: { hash: leafHash(text), position: point.commit, says } };
    },
    streams: chains.streams,
    close: chains.close,
  };
}

/** The app's own user may not take streams away, nor shorten them. */
function lookForDeletion({ stored, point }: StoredLogEvent, findings: Pick<Findings, 'add'>): void {
  const { type, streamId, data } = stored;
  const stream = type === '$metadata' ? streamId.replace(/^\$\$/, '') : streamId;
  if (workspaceOf({ ...stored, streamId: stream, type: '' }) === undefined) return;
  const shortens = SHORTENING.some(key => Object.hasOwn((data ?? {}) as object, key));
  if (type !== '$streamDeleted' && !(type === '$metadata' && shortens)) return;
  findings.add({
    code: 'STREAM_DELETED',
    message: `${stream} was deleted or shortened at position ${point.commit}: nobody may do that to a stream of Relata's`,
    stream,
    position: String(point.commit),
  });
}

const SHORTENING = ['$tb', '$maxCount', '$maxAge'];
