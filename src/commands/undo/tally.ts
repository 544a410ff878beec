/** Counting what became of a series. */
import type { Position } from '../../eventstore/envelope.ts';
import type { RecordUndo } from './record.ts';

export type Tally = {
  records: number;
  /** Events of the series that were taken back, also those that went with their record. */
  takenBack: number;
  /** Parts, or whole records, that stay as they are. */
  leftAlone: number;
  /** Records of which something was left alone. */
  recordsLeft: number;
  already: number;
  /** Events that take others back. */
  appended: number;
  /** Where all of them are visible. */
  position: Position | undefined;
};

export const noTally = (): Tally => ({
  records: 0,
  takenBack: 0,
  leftAlone: 0,
  recordsLeft: 0,
  already: 0,
  appended: 0,
  position: undefined,
});

export function tally(sums: Tally, { takenBack, leftAlone, already, appended, position }: RecordUndo): void {
  sums.records += 1;
  sums.takenBack += takenBack.length;
  sums.leftAlone += leftAlone.length;
  if (leftAlone.length > 0) sums.recordsLeft += 1;
  sums.already += already;
  sums.appended += appended;
  if (position !== undefined && (sums.position === undefined || position > sums.position))
    sums.position = position;
}
