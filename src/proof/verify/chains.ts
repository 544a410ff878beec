/** Every stream's chain: an event is the content that its id says, follows the one before it, and carries its hash. */
import { hashOfText, idOfContent, streamHash } from '../../eventstore/hash.ts';
import { spillMap } from '../../projections/engine/spillMap.ts';
import type { LeafEvent } from '../leaf.ts';
import type { Findings } from './findings.ts';

export type Chains = {
  /** @returns the text of the event, as its leaf is hashed of it. */
  readonly add: (event: LeafEvent, position: string) => string;
  readonly streams: () => number;
  readonly close: () => void;
};

/** The last event of a stream: its revision, and the hash that the next one must carry. */
type End = { revision: number; hash: string };

const IN_MEMORY = 50_000;

/** @param trusted streams may have begun before what is looked at: their first event here is believed. */
export function checkChains(
  findings: Pick<Findings, 'add'>,
  { trusted }: { readonly trusted: boolean },
): Chains {
  const ends = spillMap<End>(IN_MEMORY);

  return {
    add: (event, position) => {
      const { stream, revision, id, type, metadata } = event;
      const content = idOfContent(event);
      const at = { stream, revision, position };
      if (content.id !== id)
        findings.add({
          code: 'CONTENT_CHANGED',
          message: `${type} at revision ${revision} of ${stream} is not the event that its id was made of: one of its fields was changed, or Relata didn't write it`,
          ...at,
        });
      const known = ends.get(stream);
      const expected = known ? known.revision + 1 : trusted ? revision : 0;
      if (revision !== expected)
        findings.add({
          code: 'REVISION_MISSING',
          message: `${stream} goes on with revision ${revision} where ${expected} was to come: events were taken out, or put in`,
          ...at,
        });
      else if (known || revision === 0) {
        const prevHash = known?.hash ?? streamHash(stream);
        if ((metadata as { readonly prevHash?: unknown } | undefined)?.prevHash !== prevHash)
          findings.add({
            code: 'CHAIN_BROKEN',
            message: `${type} at revision ${revision} of ${stream} doesn't carry the hash of the event before it: that one was changed, or this one`,
            ...at,
          });
      }
      const text = content.textWith(id);
      const end = known ?? { revision, hash: '' };
      end.revision = revision;
      end.hash = hashOfText(text);
      if (!known) ends.set(stream, end);
      return text;
    },
    streams: ends.size,
    close: ends.close,
  };
}
