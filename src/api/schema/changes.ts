/** The changes of one kind of row as a stream: as they come, nothing lost, and no longer than a reader can follow. */
import type { Position } from '../../eventstore/envelope.ts';
import { fetchChangedSince } from '../../projections/query/changedSince.ts';
import { newReads, type Reads, type Services } from './context.ts';

export type Change = {
  readonly id: string;
  readonly position: Position;
  /** Of a snapshot that shows the change; given back when the next change is asked for. */
  readonly reads: Reads;
};

/**
 * Changes wait here until they are asked for. Of several of one record the last stays: a reader who is slow sees each
 * record as it now is, and the memory that this takes is bounded by the records there are. What could not be heard for a
 * while is looked up.
 * @param id only this record's, where given.
 */
export function changesOf(
  services: Services,
  workspaceId: string,
  model: string,
  id: string | undefined,
): AsyncIterableIterator<Change> {
  const waiting = new Map<string, Position>();
  let heard = services.visibility.position();
  let missedAfter: Position | undefined;
  let wake: (() => void) | undefined;
  let reads: Reads | undefined;
  let ended = false;

  const add = (ids: Iterable<string>, position: Position) => {
    for (const each of ids) if (id === undefined || id === each) waiting.set(each, position);
  };
  const stop = services.visibility.onChange(change => {
    if (change.kind === 'missed') missedAfter ??= heard;
    else if (change.workspaceId === workspaceId)
      for (const { model: changed, ids } of change.rows) if (changed === model) add(ids, change.position);
    heard = change.position;
    if (waiting.size > 0 || missedAfter !== undefined) wake?.();
  });

  const lookUp = async (after: Position) => {
    missedAfter = undefined;
    const { session } = newReads(services, workspaceId);
    try {
      add(await fetchChangedSince(session, services.models.named(model), after), heard);
    } finally {
      session.end();
    }
  };

  const end = () => {
    ended = true;
    stop();
    reads?.session.end();
    wake?.();
  };

  const next = async (): Promise<IteratorResult<Change>> => {
    reads?.session.end();
    while (!ended) {
      if (missedAfter !== undefined) await lookUp(missedAfter);
      const [first] = waiting;
      if (first) {
        const [changedId, position] = first;
        waiting.delete(changedId);
        reads = newReads(services, workspaceId);
        reads.session.after(position);
        return { done: false, value: { id: changedId, position, reads } };
      }
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
    return { done: true, value: undefined };
  };

  return {
    next,
    return: async () => {
      end();
      return { done: true, value: undefined };
    },
    throw: async error => {
      end();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
