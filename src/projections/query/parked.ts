/**
 * Whether what one operation reads lacks events that could not be applied. A list, a count or a sum may be wrong by any
 * parked row of its model, for nobody knows what that row would be; what is read by ids, by those alone.
 */
import type { ParkedHere, ParkedIndex } from '../engine/parkedIndex.ts';
import type { ReadModel } from '../readModel.ts';
import type { Moment } from './moment.ts';

export type ParkedReads = {
  /** To be said of all that is read. */
  readonly touch: (read: Touch) => void;
  /** What is parked of one record, for who shows it alone. */
  readonly find: (model: ReadModel, moment: Moment, id: string) => ParkedHere | undefined;
  /** Whether anything is. */
  readonly any: () => boolean;
  /** To be called before and after each statement, for rows may be parked and healed meanwhile. */
  readonly look: () => void;
};

/** @param onRead told for each model, what of it was read and is parked; again whenever more is. */
export type OnParkedRead = (model: string, parked: readonly ParkedHere[]) => void;

export type Touch = {
  readonly model: ReadModel;
  readonly moment: Moment;
  /** The rows, where they are known; otherwise it may be any. */
  readonly ids?: readonly unknown[];
};

export function parkedReads(
  index: () => ParkedIndex,
  workspaceId: string,
  onRead: OnParkedRead,
): ParkedReads {
  /** Each says what was parked at some time since the snapshot was taken. Mostly there is none. */
  const seen = new Set<ParkedIndex>();
  const touches: Touch[] = [];
  const read = new Map<string, Map<string, ParkedHere>>();

  const at = ({ name }: ReadModel, { knownAt }: Moment): readonly ParkedHere[] =>
    [...seen].flatMap(each =>
      each.of(workspaceId, name).filter(({ position }) => knownAt === undefined || position <= knownAt),
    );
  const check = ({ model, moment, ids }: Touch) => {
    const parked = at(model, moment).filter(each => !ids || isOf(each, ids));
    if (parked.length === 0) return;
    const known = read.get(model.name) ?? new Map<string, ParkedHere>();
    const before = known.size;
    for (const each of parked) known.set(each.key, each);
    read.set(model.name, known);
    if (known.size > before) onRead(model.name, [...known.values()]);
  };
  const look = () => {
    const now = index();
    if (now.count === 0 || seen.has(now)) return;
    seen.add(now);
    touches.forEach(check);
  };
  return {
    touch: touch => {
      touches.push(touch);
      if (seen.size > 0) check(touch);
    },
    find: (model, moment, id) => at(model, moment).find(each => isOf(each, [id])),
    any: () => seen.size > 0,
    look,
  };
}

/** A stream that is parked whole may have any row. */
const isOf = ({ scope, key }: ParkedHere, ids: readonly unknown[]): boolean =>
  scope === 'stream' || ids.includes(key);
