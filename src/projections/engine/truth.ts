/**
 * The rows made the plain way: every event folded in the log's order, every version of every row told. Nothing of the
 * engine's own folding is used here, so that the two can disagree.
 */
import type { RecordedEvent } from '../../eventstore/envelope.ts';
import type { Handler, ReadModel, Row } from '../readModel.ts';
import type { Parked, Parking } from './parking.ts';
import { spillMap } from './spillMap.ts';

/** One version of one row, with the span in which it was true and that in which it was the last known. */
export type TrueVersion = {
  readonly workspaceId: string;
  readonly id: string;
  readonly row: Row;
  readonly revision: number;
  readonly validFrom: string;
  readonly knownFrom: bigint;
  /** Null for a current row. */
  readonly validTo: string | null;
  readonly knownTo: bigint | null;
};

/** A model, up to which position of the log, and who hears of its versions. */
export type Folded = {
  readonly model: ReadModel;
  readonly upTo?: bigint;
  /** Rows that stay as they were before an event that could not be applied. */
  readonly parking?: Pick<Parking, 'size' | 'row' | 'stream'>;
  /** Superseded versions where the model has history, and in the end the current ones. */
  readonly tell: (version: TrueVersion) => void;
};

export type TrueFold = {
  readonly add: (event: RecordedEvent) => void;
  /** Tells the versions that are current now. */
  readonly finish: () => void;
  readonly close: () => void;
};

const IN_MEMORY = 10_000;

export function foldPlainly(models: readonly Folded[], inMemory = IN_MEMORY): TrueFold {
  const current = spillMap<{ readonly of: number; readonly version: TrueVersion }>(inMemory);
  const folds = models.map((each, of) => ({ ...each, of }));

  const step = (
    { model, tell, of }: (typeof folds)[number],
    handler: Handler,
    event: RecordedEvent,
    id: string,
  ) => {
    const { workspaceId, revision, occurredAt, position } = event;
    const key = `${of}/${workspaceId}/${id}`;
    const before = model.appendOnly ? undefined : current.get(key)?.version;
    const row = handler.evolve(before?.row, event, id);
    if (before && model.history) tell({ ...before, validTo: occurredAt, knownTo: position });
    const born = { revision, validFrom: occurredAt, knownFrom: position, validTo: null, knownTo: null };
    if (row && model.appendOnly) tell({ workspaceId, id, row, ...born });
    else if (row) current.set(key, { of, version: { workspaceId, id, row, ...born } });
    else if (before) current.delete(key);
  };
  const fold = (each: (typeof folds)[number], event: RecordedEvent) => {
    const handler = each.model.handler(event);
    if (!handler) return;
    const { workspaceId, stream, position } = event;
    const parked = each.parking && each.parking.size() > 0 ? each.parking : undefined;
    if (isBehind(parked?.stream(stream), position)) return;
    for (const id of handler.keys(event))
      if (!isBehind(parked?.row(workspaceId, id), position)) step(each, handler, event, id);
  };
  return {
    add: event => {
      for (const each of folds) if (each.upTo === undefined || event.position <= each.upTo) fold(each, event);
    },
    finish: () => {
      for (const { of, version } of current.values()) folds[of]?.tell(version);
    },
    close: () => current.close(),
  };
}

const isBehind = (parked: Parked | undefined, position: bigint): boolean =>
  parked !== undefined && position >= parked.position;
