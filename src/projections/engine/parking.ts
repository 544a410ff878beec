/**
 * What of one build is parked: rows that an event could not be folded or written into, and streams with an event that
 * can't be read. A parked row stays as it was before that event; later ones are counted and not applied to it.
 */
import { parseStream } from '../../domain/kernel/aggregate.ts';
import type { RecordedEvent } from '../../eventstore/envelope.ts';
import type { ReadModel } from '../readModel.ts';
import { projectionError } from './failure.ts';

export type ParkedCode = 'UNDECODABLE' | 'FOLD_FAILED' | 'WRITE_FAILED';

export type Parked = {
  /** Which rows of a stream an event touches can't always be known: then all that the stream touches is parked. */
  readonly scope: 'row' | 'stream';
  readonly workspaceId: string;
  /** The row's id; of a stream its record's. */
  readonly key: string;
  /** The first event that is not in the rows. */
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly position: bigint;
  readonly eventId: string;
  readonly code: ParkedCode;
  /** For people, without any value of a row. */
  readonly reason: string;
};

/** An event in one of our streams that can't be understood. */
export type Unreadable = {
  readonly unreadable: true;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly position: bigint;
  readonly eventId: string;
  readonly reason: string;
};

/** Beyond this nothing is gained by going on: a declaration or the database is wrong, not an event. */
export const MOST_PARKED = 10_000;

export type Parking = {
  readonly size: () => number;
  readonly all: () => Iterable<Parked>;
  readonly row: (workspaceId: string, id: string) => Parked | undefined;
  readonly stream: (stream: string) => Parked | undefined;
  /** Not stored yet. @returns false where it is parked already. */
  readonly add: (parked: Parked) => boolean;
  /** They have been stored. */
  readonly keep: (stored: readonly Parked[]) => void;
  /** Back to what is stored. */
  readonly forget: () => void;
  /** It is healed, in the tables as well. */
  readonly remove: (healed: Parked) => void;
};

const nameOf = ({ scope, workspaceId, key, stream }: Parked): string =>
  scope === 'row' ? `${workspaceId}/${key}` : stream;

export function parkingOf(model: ReadModel, stored: readonly Parked[]): Parking {
  const parked = new Map(stored.map(each => [nameOf(each), each]));
  const added = new Set<Parked>();
  return {
    size: () => parked.size,
    all: () => parked.values(),
    row: (workspaceId, id) => parked.get(`${workspaceId}/${id}`),
    stream: stream => parked.get(stream),
    add: each => {
      if (parked.has(nameOf(each))) return false;
      if (parked.size >= MOST_PARKED) throw tooMany(model, each);
      parked.set(nameOf(each), each);
      added.add(each);
      return true;
    },
    keep: those => {
      for (const each of those) added.delete(each);
    },
    forget: () => {
      for (const each of added) parked.delete(nameOf(each));
      added.clear();
    },
    remove: healed => {
      parked.delete(nameOf(healed));
    },
  };
}

/** All rows that an event touches. */
export const parkedRows = (
  { workspaceId, stream, revision, type, position, id }: RecordedEvent,
  keys: readonly string[],
  code: ParkedCode,
  reason: string,
): readonly Parked[] =>
  [...new Set(keys)].map(key => ({
    scope: 'row',
    workspaceId,
    key,
    ...{ stream, revision, type, position, eventId: id, code, reason },
  }));

/** What is parked where it can't be known which rows the event touches. */
export function parkedUnknown(
  model: ReadModel,
  event: Omit<Unreadable, 'unreadable'>,
  code: ParkedCode,
): Parked {
  const { stream, revision, type, position, eventId, reason } = event;
  const { id, workspaceId } = placeOf(event);
  // A record's stream is its row; a fact is one event's, whatever comes before or after it.
  const scope = model.of || model.appendOnly ? 'row' : 'stream';
  const key = model.appendOnly ? eventId : id;
  return { scope, workspaceId, key, stream, revision, type, position, eventId, code, reason };
}

/** Whether an event that can't be read would have been the model's concern. */
export const concerns = (model: ReadModel, event: Unreadable): boolean =>
  model.category === undefined || model.category === placeOf(event).category;

function placeOf(event: Omit<Unreadable, 'unreadable'>) {
  const place = parseStream(event.stream);
  if (place) return place;
  const { stream, revision, type, position, reason } = event;
  const message = `${type} at revision ${revision} of ${stream} can't be read: ${reason}.`;
  throw projectionError({ code: 'UNDECODABLE', message, stream, revision, type, position });
}

const tooMany = ({ name }: ReadModel, { stream, revision, type, position, reason }: Parked) =>
  projectionError({
    code: 'TOO_MANY_PARKED',
    message: `In the read model ${name} ${MOST_PARKED} rows are parked, and the next would be by ${type} at revision ${revision} of ${stream}: ${reason}. So many don't come from single events; correct the declaration and raise its version, or see to the database.`,
    model: name,
    ...{ stream, revision, type, position },
  });
