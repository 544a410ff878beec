/** What one attempt at a decision looks at: its own stream and, through facts and references, others. */
import type { Aggregate } from '../domain/kernel/aggregate.ts';
import type { ReadFact } from '../domain/kernel/command.ts';
import type { Id } from '../domain/kernel/values.ts';
import type { StreamState } from './streamState.ts';
import type { Streams } from './streams.ts';
import { singletonId, type Wish } from './wish.ts';

export type View = {
  readonly own: () => Promise<StreamState>;
  readonly exists: (aggregate: Aggregate, id: Id) => Promise<boolean>;
  readonly readFact: ReadFact;
  /** Streams and revisions that facts were taken from, for the envelope. */
  readonly facts: Readonly<Record<string, number>>;
  /** Whether anything came from the cache: then only a success may be answered. */
  readonly restsOnCache: () => boolean;
};

/** `cached` takes what is known without reading where it can; `fresh` reads everything from the store. */
export function createView(streams: Streams, wish: Wish, from: 'cached' | 'fresh'): View {
  const { workspaceId } = wish.context;
  const { aggregate, declaration } = wish.command;
  const facts: Record<string, number> = {};
  let restsOnCache = false;

  async function look(other: Aggregate, id: Id, otherwise?: () => StreamState): Promise<StreamState> {
    if (from === 'fresh') return streams.read(other, workspaceId, id);
    const known = streams.cached(other, workspaceId, id) ?? otherwise?.();
    if (!known) return streams.read(other, workspaceId, id);
    restsOnCache = true;
    return known;
  }

  return {
    // A create meets no stream, nearly always: its append finds out without a read.
    own: () =>
      look(aggregate, wish.id, declaration.creates && (() => streams.blank(aggregate, workspaceId, wish.id))),
    exists: async (other, id) => (await look(other, id)).folded.record.exists,
    readFact: async (other, id = singletonId(workspaceId, other.category)) => {
      const seen = await look(other as Aggregate, id);
      facts[seen.stream] = seen.revision;
      return { id, ...(seen.folded as { state: never; record: StreamState['folded']['record'] }) };
    },
    facts,
    restsOnCache: () => restsOnCache,
  };
}
