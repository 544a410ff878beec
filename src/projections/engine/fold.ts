/**
 * Folding a batch in memory: for each read model the rows that it leaves, and every version that was superseded on
 * the way. Pure but for the rows it is given.
 */
import type { Instant } from '../../domain/kernel/values.ts';
import type { Position, RecordedEvent } from '../../eventstore/envelope.ts';
import type { Handler, ReadModel, Row } from '../readModel.ts';
import {
  concerns,
  type Parked,
  type Parking,
  parkedRows,
  parkedUnknown,
  parkingOf,
  type Unreadable,
} from './parking.ts';

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

/** What an event does to one model: it is folded into rows, or which rows it would touch can't be known. */
export type Step =
  | { readonly handler: Handler; readonly event: RecordedEvent; readonly keys: readonly string[] }
  | { readonly poison: Parked };

/** What of the log concerns the read models. */
export type Happening = RecordedEvent | Unreadable;

/** Which rows the events touch, in order. */
export function stepsOf(model: ReadModel, happenings: readonly Happening[]): readonly Step[] {
  const steps: Step[] = [];
  for (const event of happenings) {
    if ('unreadable' in event) {
      if (concerns(model, event)) steps.push({ poison: parkedUnknown(model, event, 'UNDECODABLE') });
      continue;
    }
    const handler = model.handler(event);
    if (!handler) continue;
    try {
      steps.push({ handler, event, keys: handler.keys(event) });
    } catch (error) {
      const { stream, revision, type, position, id: eventId } = event;
      const named = { stream, revision, type, position, eventId, reason: reasonOf(error) };
      steps.push({ poison: parkedUnknown(model, named, 'FOLD_FAILED') });
    }
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
  for (const step of steps) {
    if ('poison' in step) continue;
    const { event, keys } = step;
    for (const id of keys) {
      const key = keyOf(event.workspaceId, id);
      if (model.of && event.revision === 0) fresh.add(key);
      else if (!fresh.has(key)) wanted.set(key, { workspaceId: event.workspaceId, id });
    }
  }
  return wanted;
}

export type RowKey = { readonly workspaceId: string; readonly id: string };

export type Folded = {
  readonly changes: Changes;
  /** What these steps have parked. */
  readonly parked: readonly Parked[];
  /** How many of them came to something parked, and are not applied. */
  readonly behind: ReadonlyMap<Parked, number>;
};

/** Folds the steps of one model over the rows that the tables have. */
export function foldSteps(
  model: ReadModel,
  steps: readonly Step[],
  stored: (key: string) => Version | undefined,
  parking: Parking = parkingOf(model, []),
): Folded {
  const changes: Changes = new Map();
  const parked: Parked[] = [];
  const behind = new Map<Parked, number>();

  const touch = (workspaceId: string, id: string): Touched => {
    const key = keyOf(workspaceId, id);
    const known = changes.get(key);
    if (known) return known;
    const version = stored(key);
    const touched = { workspaceId, id, stored: version, current: version, storedEnd: undefined, passed: [] };
    changes.set(key, touched);
    return touched;
  };
  const stayBehind = (each: Parked) => void behind.set(each, (behind.get(each) ?? 0) + 1);
  const park = (each: Parked) => {
    if (parking.add(each)) parked.push(each);
    else stayBehind(each.scope === 'row' ? (parking.row(each.workspaceId, each.key) ?? each) : each);
  };
  /** The keys that aren't parked. */
  const openOf = ({ workspaceId, stream }: RecordedEvent, keys: readonly string[]): readonly string[] => {
    const whole = parking.stream(stream);
    if (whole) {
      stayBehind(whole);
      return [];
    }
    return keys.filter(id => {
      const row = parking.row(workspaceId, id);
      if (row) stayBehind(row);
      return !row;
    });
  };

  for (const step of steps) {
    if ('poison' in step) {
      const whole = parking.stream(step.poison.stream);
      if (whole) stayBehind(whole);
      else park(step.poison);
      continue;
    }
    const { handler, event } = step;
    const keys = parking.size() === 0 ? step.keys : openOf(event, step.keys);
    const rows = keys.map(id => touch(event.workspaceId, id));
    const before = rows.length > 1 ? rows.map(stateOf) : [];
    try {
      for (const touched of rows)
        supersede(touched, handler.evolve(touched.current?.row, event, touched.id), event);
    } catch (error) {
      // All rows that the event touches, or none of them: half of what happened is shown nowhere.
      for (const [i, state] of before.entries()) Object.assign(rows[i] as Touched, state());
      for (const each of parkedRows(event, keys, 'FOLD_FAILED', reasonOf(error))) park(each);
    }
  }
  return { changes, parked, behind };
}

/** Gives the row as it is now back, later. */
function stateOf({ current, storedEnd, passed }: Touched): () => Partial<Touched> {
  const { length } = passed;
  return () => {
    passed.length = length;
    return { current, storedEnd };
  };
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

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
