/** What the write side knows of a stream: the folded aggregate, and what the next append and repeats need. */
import type { Aggregate, Folded } from '../domain/kernel/aggregate.ts';
import type { Id, Instant } from '../domain/kernel/values.ts';
import type { Position, RecordedEvent } from '../eventstore/envelope.ts';
import { streamHash } from '../eventstore/hash.ts';

/** How a command was answered the first time. */
export type Answer = { readonly inputHash: string; readonly revision: number; readonly position: Position };

export type StreamState = {
  readonly stream: string;
  readonly id: Id;
  readonly folded: Folded<unknown>;
  /** Of the last event; -1 when there is none. */
  readonly revision: number;
  readonly position: Position;
  /** `prevHash` of the event to come. */
  readonly hash: string;
  readonly lastOccurredAt: Instant | undefined;
  /** Every command that left events in this stream. Grown in place: it only ever gains what the stream gained. */
  readonly answers: Map<string, Answer>;
};

export const emptyState = (aggregate: Aggregate, stream: string, id: Id): StreamState => ({
  stream,
  id,
  folded: aggregate.initial,
  revision: -1,
  position: -1n,
  hash: streamHash(stream),
  lastOccurredAt: undefined,
  answers: new Map(),
});

/** The state after one more stored event; `hash` is the one that its successor must carry. */
export function advance(
  aggregate: Aggregate,
  state: StreamState,
  event: RecordedEvent,
  hash: string,
): StreamState {
  if (event.revision !== state.revision + 1)
    throw new Error(`${event.stream} goes from revision ${state.revision} to ${event.revision}`);
  const { revision, position } = event;
  state.answers.set(event.commandId, { inputHash: event.inputHash, revision, position });
  return {
    ...state,
    folded: aggregate.evolve(state.folded, event),
    revision,
    position,
    hash,
    lastOccurredAt: event.occurredAt,
  };
}
