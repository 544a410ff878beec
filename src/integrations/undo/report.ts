/** The report file: a line for each event that was taken back, and for all that was left alone, with who edited it. */
import type { LeftAlone, TakenBack } from '../../commands/undo/plan.ts';
import type { RecordUndo } from '../../commands/undo/record.ts';
import type { Speech } from '../../commands/undo/trace.ts';
import { type Line, openCsv } from '../csvFile.ts';

export type UndoReport = {
  readonly add: (record: RecordUndo) => Promise<void>;
  readonly close: () => Promise<void>;
};

const HEADER = [
  'record_type',
  'record_id',
  'outcome',
  'event',
  'of',
  'command_id',
  'parts',
  'rule',
  'what',
  'by_event',
  'by_actor',
  'by_when',
  'by_command_id',
];

type ReportError = Error & { readonly kind: 'reportError' };

/** @throws ReportError, before anything is undone; later too, when no more can be written. */
export async function openUndoReport(path: string): Promise<UndoReport> {
  const file = await openCsv(path, HEADER).catch((cause: Error) => {
    throw reportError(
      `The report ${path} can't be written (${cause.message}); name another file with --report.`,
      cause,
    );
  });
  const stopped = (cause: Error) => {
    throw reportError(
      `The undo stopped: the report ${path} can't be written any more (${cause.message}). Make room, and send the same undo again; it goes on where it was.`,
      cause,
    );
  };
  return {
    add: ({ category, id, takenBack, leftAlone }) =>
      file
        .add([
          ...takenBack.map(each => [category, id, ...takenLine(each)]),
          ...leftAlone.map(each => [category, id, ...leftLine(each)]),
        ])
        .catch(stopped),
    close: () => file.close().catch(stopped),
  };
}

const reportError = (message: string, cause: Error): ReportError =>
  Object.assign(new Error(message, { cause }), { kind: 'reportError' as const });

export const isReportError = (error: unknown): error is ReportError =>
  error instanceof Error && (error as Partial<ReportError>).kind === 'reportError';

const takenLine = ({ event, parts }: TakenBack): Line => [
  'taken back',
  ...eventCells(event),
  parts.join(' '),
];

const leftLine = ({ event, parts, rule, message, by }: LeftAlone): Line => [
  'left alone',
  ...(event ? eventCells(event) : ['', '', '']),
  parts.join(' ') || 'all of it',
  rule ?? '',
  message,
  ...(by ? [by.type, `${by.actor.type} ${by.actor.id}`, by.occurredAt, by.commandId] : []),
];

const eventCells = ({ type, occurredAt, commandId }: Speech): Line => [type, occurredAt, commandId];
