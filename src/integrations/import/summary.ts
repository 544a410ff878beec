/** Counting what became of the rows of each pass. */
import type { Position } from '../../eventstore/envelope.ts';
import type { SettledRow } from './settle.ts';

/** `rows` = imported + unchanged + rejected + idle. */
export type PassCounts = {
  readonly title: string;
  rows: number;
  /** Some of what the row says is new. */
  imported: number;
  /** All of it was there already: from an earlier import, or from another row of the same key. */
  unchanged: number;
  rejected: number;
  /** The pass had nothing to do for the row. */
  idle: number;
  /** Of those that came in: with an alias, or without something that should be there. */
  repaired: number;
};

export type Summary = {
  readonly passes: readonly Readonly<PassCounts>[];
  /** Of all events of the plan's imports: by it they are undone. */
  readonly correlationId: string;
  /** Of the last event that the import knows of: what read models are to have passed. */
  readonly position: Position | undefined;
  readonly isDryRun: boolean;
  /** It was asked to stop before the end. */
  readonly isInterrupted: boolean;
};

export const noCounts = (title: string): PassCounts => ({
  title,
  rows: 0,
  imported: 0,
  unchanged: 0,
  rejected: 0,
  idle: 0,
  repaired: 0,
});

export function count(counts: PassCounts, { outcome, repairs }: SettledRow): void {
  counts.rows += 1;
  counts[outcome] += 1;
  if (outcome !== 'rejected' && repairs.length > 0) counts.repaired += 1;
}

export const total = (
  passes: readonly Readonly<PassCounts>[],
  what: Exclude<keyof PassCounts, 'title'>,
): number => passes.reduce((sum, counts) => sum + counts[what], 0);
