/**
 * Folding a batch in memory: for each read model the rows that it leaves, and every version that was superseded on
 * the way. Pure but for the rows it is given.
 */
import type { Instant } from '../../domain/kernel/values.ts';
import type { Position, RecordedEvent } from '../../eventstore/envelope.ts';
import type { Handler, ReadModel, Row } from '../readModel.ts';
import { projectionError } from './failure.ts';

/** A row as it was after one event. */
export type Version = {
  readonly row: Row;
  readonly revision: number;
  readonly validFrom: Instant;
  readonly knownFrom: Position;
};

/** When a version was superseded, in both clocks. */
export type End = { readonly validTo: Instant; readonly knownTo: Position };

/** One row that a batch touches. */
export type Touched = {
  readonly workspaceId: string;
  readonly id: string;
  /** As the tables have it before the batch; undefined when they have none. */
  readonly stored: Version | undefined;
  /** After the batch; undefined when it is gone. */
  current: Version | undefined;
  /** The end of the stored version, once it is superseded. */
  storedEnd: End | undefined;
  /** Versions that were born and superseded within the batch. */
  readonly passed: (Version & End)[];
};

/** The rows of one model that a batch touches, by `keyOf`. */
export type Changes = Map<string, Touched>;

export const keyOf = (workspaceId: string, id: string): string => `${workspaceId}/${id}`;

/** What an event does to one model. */
export type Step = {
  readonly handler: Handler;
  readonly event: RecordedEvent;
  readonly keys: readonly string[];
};

/** Which rows the events touch, in order. Throws what a declaration's `keys` throws, as a failure. */
export function stepsOf(model: ReadModel, events: readonly RecordedEvent[]): readonly Step[] {
  const steps: Step[] = [];
  for (const event of events) {
    const handler = model.handler(event);
    if (!handler) continue;
    steps.push({ handler, event, keys: guarded(model, event, () => handler.keys(event)) });
  }
  return steps;
}

/**
 * The keys whose rows must be known before folding. The first event of a record's stream finds none; facts are only
 * ever added. Other keys come out of events' data, and a stranger's may be among them.
 */
export function keysToLoad(model: ReadModel, steps: readonly Step[]): ReadonlyMap<string, RowKey> {
  const wanted = new Map<string, RowKey>();
  if (model.appendOnly) return wanted;
  const fresh = new Set<string>();
  for (const { event, keys } of steps)
    for (const id of keys) {
      const key = keyOf(event.workspaceId, id);
      if (model.of && event.revision === 0) fresh.add(key);
      else if (!fresh.has(key)) wanted.set(key, { workspaceId: event.workspaceId, id });
    }
  return wanted;
}

export type RowKey = { readonly workspaceId: string; readonly id: string };

/** Folds the steps of one model over the rows that the tables have. */
export function foldSteps(
  model: ReadModel,
  steps: readonly Step[],
  stored: (key: string) => Version | undefined,
): Changes {
  const changes: Changes = new Map();
  for (const { handler, event, keys } of steps)
    for (const id of keys) {
      const key = keyOf(event.workspaceId, id);
      let touched = changes.get(key);
      if (!touched) {
        const version = stored(key);
        const { workspaceId } = event;
        touched = { workspaceId, id, stored: version, current: version, storedEnd: undefined, passed: [] };
        changes.set(key, touched);
      }
      const before = touched.current;
      const row = guarded(model, event, () => handler.evolve(before?.row, event, id));
      supersede(touched, row, event);
    }
  return changes;
}

function supersede(touched: Touched, row: Row | null, event: RecordedEvent): void {
  const { current, stored } = touched;
  const { occurredAt, position, revision } = event;
  if (current) {
    const end: End = { validTo: occurredAt, knownTo: position };
    if (current === stored) touched.storedEnd = end;
    else touched.passed.push({ ...current, ...end });
  }
  touched.current = row ? { row, revision, validFrom: occurredAt, knownFrom: position } : undefined;
}

function guarded<T>(model: ReadModel, event: RecordedEvent, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const { stream, revision, type, position } = event;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw projectionError(
      {
        code: 'FOLD_FAILED',
        message: `The read model ${model.name} can't fold ${type} at revision ${revision} of ${stream}: ${reason}.`,
        model: model.name,
        stream,
        revision,
        type,
        position,
      },
      cause,
    );
  }
}
