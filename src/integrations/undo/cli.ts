/**
 * `relata undo (--correlation ID | --command ID) [--dry-run] [--report FILE]`, apart from how the stores are reached.
 *
 * Exit codes: 0 all of it is taken back, 1 it could not begin or go on, 2 something was left alone, 130 it was asked to
 * stop.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { asCommandError } from '../../commands/errors.ts';
import type { RecordKey, RecordUndo, Target } from '../../commands/undo/record.ts';
import { type UndoService, undoIdOf } from '../../commands/undo/series.ts';
import { noTally, type Tally, tally } from '../../commands/undo/tally.ts';
import type { CommandContext } from '../../commands/wish.ts';
import type { Position } from '../../eventstore/envelope.ts';
import {
  countSeriesRecords,
  fetchSeriesRecords,
  type Series,
  type SeriesRecord,
} from '../../projections/query/series.ts';
import type { ReadSession } from '../../projections/query/session.ts';
import { createLineView, type Output } from '../import/progress.ts';
import { isReportError, openUndoReport, type UndoReport } from './report.ts';
import { progressLine, undoText } from './text.ts';

export const UNDO_USAGE = '(--correlation ID | --command ID) [--dry-run] [--report FILE]';

/** As shells say it of a Ctrl-C. */
const INTERRUPTED = 130;
const PAGE = 500;
const LACKING =
  'Some events could not be applied to the timeline, and records that they are of may be missing here: see `relata parked list`, and undo again.\n';

export type Connection = UndoService & {
  /** A session for one read. */
  readonly read: <T>(query: (session: ReadSession) => Promise<T>) => Promise<T>;
  /** Whether what was read may lack records, because events of them could not be applied. */
  readonly isLacking: () => boolean;
  /** Resolves once the read models have passed the position. @throws the signal's reason, or why they never will. */
  readonly visible: (position: Position, signal?: AbortSignal) => Promise<void>;
  readonly close: () => Promise<void>;
};

export type UndoCommand = {
  readonly args: readonly string[];
  /** The caller's folder: relative paths are resolved against it. */
  readonly cwd: string;
  readonly context: CommandContext;
  readonly connect: () => Promise<Connection>;
  readonly now: () => Date;
  readonly out: Output;
  readonly err: Output;
  readonly signal?: AbortSignal;
};

/** @returns the exit code. @throws what `connect` throws. */
export async function undoCommand(command: UndoCommand): Promise<number> {
  const args = parse(command.args);
  if (typeof args === 'string') {
    command.err.write(`${args}. Usage: npm run relata -- undo ${UNDO_USAGE}\n`);
    return 1;
  }
  try {
    return await run(args, command);
  } catch (error) {
    if (command.signal?.aborted && error === command.signal.reason) return INTERRUPTED;
    if (isReportError(error)) {
      command.err.write(`${error.message}\n`);
      return 1;
    }
    const known = asCommandError(error);
    if (known?.kind !== 'UNAVAILABLE') throw error;
    command.err.write(
      'The undo stopped: the event store did not answer. Start it, and send the same undo again; it goes on where it was.\n',
    );
    return 1;
  }
}

async function run({ target, isPreview, report }: Args, command: UndoCommand): Promise<number> {
  const { err, out, signal, context } = command;
  const now = () => command.now().getTime();
  const begun = now();
  const undoId = undoIdOf(context.workspaceId, target);
  const reportFile = resolve(command.cwd, report ?? `undo-${undoId.slice(0, 8)}-report.csv`);
  const connection = await command.connect();
  const view = createLineView(err, now);
  try {
    await connection.visible(await connection.logEnd(), signal);
    const series = { ...target, categories: connection.categories };
    const total = await connection.read(session => countSeriesRecords(session, series));
    if (total === 0) {
      err.write(`Nothing was done under ${nameOf(target)}, or it touched no record. Look at the id again.\n`);
      return 1;
    }
    const file = await openUndoReport(reportFile);
    const sums = noTally();
    const request = { target, undoId, context, ...(isPreview && { isPreview }) };
    await undoAll(connection.undo(request, recordsOf(series, connection, signal)), file, record => {
      tally(sums, record);
      view.show(elapsedMs => progressLine(sums, total, elapsedMs));
    });
    view.end();
    const isInterrupted = signal?.aborted === true;
    const told = {
      target: nameOf(target),
      undoId,
      reportFile,
      elapsedMs: now() - begun,
      isPreview,
      isInterrupted,
    };
    out.write(undoText(sums, told));
    if (sums.position !== undefined && !isInterrupted) await connection.visible(sums.position, signal);
    const isLacking = connection.isLacking();
    if (isLacking) err.write(LACKING);
    return exitCode(sums, isInterrupted, isLacking);
  } finally {
    view.end();
    await connection.close();
  }
}

async function undoAll(
  records: ReturnType<Connection['undo']>,
  file: UndoReport,
  onRecord: (record: RecordUndo) => void,
): Promise<void> {
  try {
    for await (const record of records) {
      await file.add(record);
      onRecord(record);
    }
  } finally {
    await file.close();
  }
}

/** Page by page, so that memory doesn't grow with the series; none are begun once it is asked to stop. */
async function* recordsOf(
  series: Series,
  { read }: Pick<Connection, 'read'>,
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordKey> {
  for (let after: SeriesRecord | undefined; ; ) {
    const page = await read(session =>
      fetchSeriesRecords(session, series, { limit: PAGE, ...(after && { after }) }),
    );
    for (const record of page) {
      if (signal?.aborted) return;
      yield record;
    }
    after = page.at(-1);
    if (page.length < PAGE) return;
  }
}

function exitCode({ leftAlone }: Tally, isInterrupted: boolean, isLacking: boolean): number {
  if (isInterrupted) return INTERRUPTED;
  return leftAlone > 0 || isLacking ? 2 : 0;
}

const nameOf = (target: Target): string =>
  'correlationId' in target ? `correlation ${target.correlationId}` : `command ${target.commandId}`;

type Args = { readonly target: Target; readonly isPreview: boolean; readonly report: string | undefined };

/** What is wrong with them, in words. */
function parse(args: readonly string[]): Args | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        correlation: { type: 'string' },
        command: { type: 'string' },
        report: { type: 'string' },
        'dry-run': { type: 'boolean' },
      },
    });
    const { correlation, command, report } = values;
    if (Boolean(correlation) === Boolean(command)) return 'Say either --correlation or --command';
    const target = correlation ? { correlationId: correlation } : { commandId: command ?? '' };
    return { target, isPreview: values['dry-run'] === true, report };
  } catch (error) {
    return (error as Error).message.split('\n')[0]?.replace(/\.$/, '') ?? '';
  }
}
