/** What an undo says to the person who ran it, meanwhile and at the end. */
import type { Tally } from '../../commands/undo/tally.ts';
import { duration, number, timeLeft } from '../import/progress.ts';

/** `4,210 of 9,012 records, 12 left alone, 430 records/s, 46 %, about 11 s left`. */
export function progressLine({ records, recordsLeft }: Tally, total: number, elapsedMs: number): string {
  const share = Math.min(1, records / total);
  const perSecond = elapsedMs > 0 ? Math.round((records * 1000) / elapsedMs) : 0;
  const left = recordsLeft > 0 ? `, ${number(recordsLeft)} left alone` : '';
  return `${number(records)} of ${number(total)} records${left}, ${number(perSecond)} records/s, ${Math.floor(share * 100)} %${timeLeft(share, elapsedMs)}`;
}

export type Told = {
  readonly target: string;
  readonly undoId: string;
  readonly reportFile: string;
  readonly elapsedMs: number;
  readonly isPreview: boolean;
  readonly isInterrupted: boolean;
};

export function undoText(sums: Tally, told: Told): string {
  return `${[
    `${told.target}: ${number(sums.records)} records in ${duration(told.elapsedMs)}`,
    '',
    `  taken back       ${number(sums.takenBack)} events`,
    `  left alone       ${number(sums.leftAlone)}, in ${number(sums.recordsLeft)} records`,
    `  back already     ${number(sums.already)} events`,
    '',
    ...sentences(sums, told),
  ].join('\n')}\n`;
}

function sentences(sums: Tally, { undoId, reportFile, isPreview, isInterrupted }: Told): string[] {
  const said: string[] = [];
  if (isInterrupted) said.push('Stopped before the end. Send the same undo again: it goes on where it was.');
  if (isPreview) said.push('This was a dry run: nothing was written. Taken back is what would be.');
  else if (sums.appended === 0 && sums.leftAlone === 0 && !isInterrupted)
    said.push('Nothing changed: all of it had been taken back before.');
  said.push(
    sums.leftAlone > 0
      ? `${reportFile} says what was left alone, why, and who edited it when.`
      : `${reportFile} names each event.`,
  );
  if (!isPreview && sums.appended > 0) said.push(`To take this undo back: ${undoLine(undoId)}`);
  return said;
}

/** The line to type. */
export const undoLine = (correlationId: string): string =>
  `npm run relata -- undo --correlation ${correlationId}`;
