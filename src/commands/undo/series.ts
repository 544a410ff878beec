/** Takes a series back in all the streams that it touched: side by side, and told in the order in which they came. */
import type { Position } from '../../eventstore/envelope.ts';
import { idFrom } from '../../eventstore/hash.ts';
import { inOrder } from '../inOrder.ts';
import {
  type RecordKey,
  type RecordUndo,
  type Target,
  type UndoOptions,
  type UndoRequest,
  undoRecord,
} from './record.ts';

/** Records are to come newest first: what the series did last is taken back first. */
export type Undo = (
  request: UndoRequest,
  records: AsyncIterable<RecordKey> | Iterable<RecordKey>,
) => AsyncGenerator<RecordUndo>;

/** What is needed to find what is to be undone, and to undo it. */
export type UndoService = {
  readonly undo: Undo;
  /** Of records that people change. What others hold (reservations, tree heads) follows from what those do. */
  readonly categories: readonly string[];
  /** Where the log ends now: what the read models have to show, so that no record of a series is missed. */
  readonly logEnd: () => Promise<Position>;
};

export const undoServiceOf = ({
  undo,
  catalog,
  streams,
}: Pick<UndoOptions, 'catalog' | 'streams'> & { readonly undo: Undo }): UndoService => ({
  undo,
  categories: [...catalog.aggregates.values()]
    .filter(({ commands }) => Object.values(commands).some(({ internal }) => !internal))
    .map(({ category }) => category),
  logEnd: streams.end,
});

const CONCURRENCY = 32;

export const createUndo = (options: UndoOptions): Undo =>
  async function* undo(request, records) {
    let refused: RecordUndo[] = [];
    for await (const done of inOrder(records, CONCURRENCY, key => undoRecord(key, request, options)))
      if (isRefused(done) && !request.isPreview) refused.push(done);
      else yield done;
    // What one record refused may have stood in the way of another (an address that passed from one to the other).
    for (let isMoving = true; isMoving; ) {
      const waiting = refused;
      refused = [];
      isMoving = false;
      for (const before of waiting) {
        const again = joined(before, await undoRecord(before, request, options));
        isMoving ||= again.takenBack.length > before.takenBack.length;
        if (isRefused(again)) refused.push(again);
        else yield again;
      }
    }
    yield* refused;
  };

const isRefused = ({ leftAlone }: RecordUndo): boolean => leftAlone.some(({ why }) => why === 'REFUSED');

const joined = (before: RecordUndo, after: RecordUndo): RecordUndo => ({
  ...after,
  takenBack: [...before.takenBack, ...after.takenBack],
  already: before.already,
  appended: before.appended + after.appended,
  position: after.appended > 0 ? after.position : before.position,
});

/** The same target always has the same undo, so that an undo that was cut short is gone on with by whoever sends it again. */
export const undoIdOf = (workspaceId: string, target: Target): string =>
  'correlationId' in target
    ? idFrom('undo', workspaceId, 'correlation', target.correlationId)
    : idFrom('undo', workspaceId, 'command', target.commandId);
