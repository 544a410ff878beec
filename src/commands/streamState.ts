/** What the write side knows of a stream: the folded aggregate, and what the next append and repeats need. */
import type { Aggregate, Folded } from '../domain/kernel/aggregate.ts';
import type { Id, Instant } from '../domain/kernel/values.ts';
import type { Position, RecordedEvent } from '../eventstore/envelope.ts';
import { streamHash } from '../eventstore/hash.ts';

/** How a command was answered the first time. */
export type Answer = { readonly inputHash: string; readonly revision: number; readonly position: Position };

/** Of an event whose server does not tell it. */
export const UNTOLD: Position = -1n;

export type StreamState = {
  readonly stream: string;
  readonly id: Id;
  readonly folded: Folded<unknown>;
  /** Of the last event; -1 when there is none. */
  readonly revision: number;
  /** Where all of it is visible; the beginning of the log when there is nothing. */
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
  position: 0n,
  hash: streamHash(stream),
  lastOccurredAt: undefined,
  answers: new Map(),
});

/** How the command was answered if it has left events; a place that is safe to wait for, where its own is untold. */
export function answerTo(state: StreamState, commandId: string): Answer | undefined {
  const answer = state.answers.get(commandId);
  return answer?.position === UNTOLD ? { ...answer, position: state.position } : answer;
}

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
