/**
 * `relata import PLAN --from FOLDER [--dry-run] [--report FILE]`, apart from how the stores are reached.
 *
 * Exit codes: 0 all rows came in or were in already, 1 it could not begin or go on, 2 rows were rejected, 130 it was
 * asked to stop.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Catalog } from '../../eventstore/catalog.ts';
import type { Position } from '../../eventstore/envelope.ts';
import type { WriteSide } from './carryOut.ts';
import { importError, isImportError, sentenceOf } from './errors.ts';
import { createProgressView, type Output } from './progress.ts';
import { readPlan } from './readPlan.ts';
import { runImport } from './runImport.ts';
import { type Summary, total } from './summary.ts';
import { summaryText } from './summaryText.ts';

export const IMPORT_USAGE = 'PLAN --from FOLDER [--dry-run] [--report FILE]';

/** As shells say it of a Ctrl-C. */
const INTERRUPTED = 130;

/** A running instance, or stores that were started for the import. */
export type Connection = WriteSide & {
  /** Resolves once the read models have passed the position. @throws the signal's reason, or why they never will. */
  readonly visible: (position: Position, signal?: AbortSignal) => Promise<void>;
  readonly close: () => Promise<void>;
};

export type ImportCommand = {
  readonly args: readonly string[];
  /** The caller's folder: relative paths are resolved against it. */
  readonly cwd: string;
  readonly catalog: Catalog;
  readonly workspaceId: string;
  /** Asked only once plan and files are known to be right; never in a dry run. */
  readonly connect: () => Promise<Connection>;
  readonly now: () => Date;
  readonly out: Output;
  readonly err: Output;
  readonly signal?: AbortSignal;
};

/** @returns the exit code. @throws what `connect` throws. */
export async function importCommand(command: ImportCommand): Promise<number> {
  try {
    return await run(command);
  } catch (error) {
    if (!isImportError(error)) throw error;
    command.err.write(`${error.message}\n`);
    for (const issue of error.issues.slice(1)) command.err.write(`  ${sentenceOf(issue)}\n`);
    return 1;
  }
}

async function run(command: ImportCommand): Promise<number> {
  const { cwd, err, now } = command;
  const args = parse(command.args);
  const planFile = resolve(cwd, args.plan);
  const plan = await readPlan(planFile);
  const reportFile = resolve(cwd, args.report ?? `import-${plan.name}-report.csv`);
  const begun = now().getTime();
  const view = createProgressView(err, () => now().getTime());
  let connection: Connection | undefined;
  const connect = async () => {
    connection = await command.connect();
    return connection;
  };
  try {
    const summary = await runImport({
      plan,
      planFile,
      folder: resolve(cwd, args.from),
      catalog: command.catalog,
      workspaceId: command.workspaceId,
      now,
      reportFile,
      onProgress: view.show,
      signal: command.signal,
      ...(!args.dryRun && { connect }),
    });
    view.end();
    const elapsedMs = now().getTime() - begun;
    command.out.write(summaryText(summary, { plan: plan.name, elapsedMs, reportFile }));
    if (summary.position !== undefined && !summary.isInterrupted)
      await connection?.visible(summary.position, command.signal);
    return exitCode(summary);
  } catch (error) {
    if (command.signal?.aborted && error === command.signal.reason) return INTERRUPTED;
    throw error;
  } finally {
    view.end();
    await connection?.close();
  }
}

function exitCode(summary: Summary): number {
  if (summary.isInterrupted) return INTERRUPTED;
  return total(summary.passes, 'rejected') > 0 ? 2 : 0;
}

function parse(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { from: { type: 'string' }, report: { type: 'string' }, 'dry-run': { type: 'boolean' } },
    });
    const [plan, ...more] = positionals;
    if (!plan || more.length > 0) throw new Error('Name one plan');
    if (!values.from) throw new Error('Say with --from which folder holds the files');
    return { plan, from: values.from, report: values.report, dryRun: values['dry-run'] === true };
  } catch (cause) {
    const reason = (cause as Error).message.split('\n')[0]?.replace(/\.$/, '');
    throw importError('ARGUMENTS', `${reason}. Usage: npm run relata -- import ${IMPORT_USAGE}`, { cause });
  }
}
