/**
 * An import: the passes of a plan, one after the other, over files that are read as fast as the rows go in.
 *
 * Invariants. Nothing is written before the plan, the files' columns and the report are known to be right. A row that
 * comes again is the same commands again, so an import may be stopped anywhere and run again. Memory does not grow with
 * the files.
 */

import { inOrder } from '../../commands/inOrder.ts';
import type { CommandContext } from '../../commands/wish.ts';
import type { Catalog } from '../../eventstore/catalog.ts';
import type { Position } from '../../eventstore/envelope.ts';
import { createCarryOut, type WriteSide } from './carryOut.ts';
import { type CompiledPass, type CompiledPlan, compilePlan } from './compile.ts';
import { createDryRun } from './dryRun.ts';
import { issuesError } from './errors.ts';
import { evaluateRow } from './evaluate.ts';
import { openFiles, rowsOf, type SourceFile } from './files.ts';
import type { Plan } from './plan.ts';
import { noReport, openReport, type Report } from './report.ts';
import { createRow, noLayout } from './row.ts';
import { CHANGED, type Settle, type SettledRow } from './settle.ts';
import { count, noCounts, type PassCounts, type Summary, total } from './summary.ts';

export type ImportOptions = {
  readonly plan: Plan;
  /** Where the plan comes from, so that the report does not take its place. */
  readonly planFile?: string;
  /** Where the plan's files are. */
  readonly folder: string;
  readonly catalog: Catalog;
  /**
   * Reaches the write side, once the plan and the files are known to be right. Absent: a dry run, which checks every
   * row and writes nothing but the report.
   */
  readonly connect?: (() => Promise<WriteSide>) | undefined;
  readonly workspaceId: string;
  /** Defaults to `{type: 'import', id: plan.name}`. */
  readonly actor?: CommandContext['actor'];
  readonly now: () => Date;
  /** Absolute; no report where it is absent. */
  readonly reportFile?: string | undefined;
  /** Rows that are on their way at once. */
  readonly concurrency?: number;
  readonly onProgress?: (progress: Progress) => void;
  /** Stops after the rows that are on their way. */
  readonly signal?: AbortSignal | undefined;
};

export type Progress = {
  /** From 0. */
  readonly pass: number;
  readonly passes: number;
  readonly counts: Readonly<PassCounts>;
  /** This and the next two are of all passes together. */
  readonly rows: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
};

const CONCURRENCY = 64;

/** @throws ImportError when it can't begin (nothing is written then) or can't go on. */
export async function runImport(options: ImportOptions): Promise<Summary> {
  const { plan, workspaceId, reportFile } = options;
  const compiled = compilePlan(plan, options.catalog, workspaceId);
  checkConstants(compiled, options.now().toISOString());
  const files = await openFiles(plan, compiled, options.folder);
  const inputs = [...files.values()].map(file => file.path).concat(options.planFile ?? []);
  const report = reportFile === undefined ? noReport : await openReport(reportFile, inputs);
  const actor = options.actor ?? { type: 'import', id: plan.name };
  try {
    const write = await options.connect?.();
    const settle = write ? createCarryOut(write, { workspaceId, actor }) : createDryRun();
    return await runPasses(compiled, files, settle, report, options);
  } finally {
    await report.close();
  }
}

async function runPasses(
  { scope, passes }: CompiledPlan,
  files: ReadonlyMap<string, SourceFile>,
  settle: Settle,
  report: Report,
  options: ImportOptions,
): Promise<Summary> {
  const { signal, onProgress, concurrency = CONCURRENCY } = options;
  const all = passes.map(pass => noCounts(pass.title));
  const sizes = passes.map(pass => files.get(pass.file?.name ?? '')?.bytes ?? 0);
  const bytesTotal = sum(sizes);
  let position: Position | undefined;
  for (const [i, pass] of passes.entries()) {
    const counts = all[i] as PassCounts; // made of the same passes
    const file = files.get(pass.file?.name ?? '');
    const before = sum(sizes.slice(0, i));
    const tell = (bytes: number) =>
      onProgress?.({
        pass: i,
        passes: passes.length,
        counts,
        rows: total(all, 'rows'),
        bytesDone: before + bytes,
        bytesTotal,
      });
    const rows = inOrder(until(signal, rowsOfPass(file)), concurrency, async ({ row, bytes }) => ({
      bytes,
      settled: await settle(evaluateRow(pass, row, scope, options.now().toISOString())),
    }));
    tell(0);
    for await (const { settled, bytes } of rows) {
      if (!file) stopOnWrongConstant(pass, settled);
      count(counts, settled);
      if (settled.position !== undefined && (position === undefined || settled.position > position))
        position = settled.position;
      await report.add(nameOf(file, pass), settled);
      tell(bytes);
    }
    if (signal?.aborted) break;
  }
  const passesBegun = all.filter(counts => counts.rows > 0 || !signal?.aborted);
  return {
    passes: passesBegun,
    correlationId: scope.correlationId,
    position,
    isDryRun: options.connect === undefined,
    isInterrupted: signal?.aborted === true,
  };
}

/** A record made of constants is part of the plan: what is wrong with it is found before anything is written … */
function checkConstants({ scope, passes }: CompiledPlan, now: string): void {
  for (const [i, pass] of passes.entries()) {
    if (pass.file) continue;
    const { row } = evaluateRow(pass, createRow(noLayout, [], 1), scope, now);
    const issues = row.problems.map(({ advice }) => ({ path: `records[${i}]`, message: advice }));
    if (issues.length > 0) throw issuesError('PLAN_INVALID', "The plan can't be used", issues);
  }
}

/** … and where a rule refuses it, no row behind it can come in. */
function stopOnWrongConstant(pass: CompiledPass, { problems }: SettledRow): void {
  const [problem] = problems;
  if (!problem || problem.code === CHANGED) return;
  const issues = [{ path: pass.title, message: problem.advice }];
  throw issuesError('PLAN_INVALID', "The plan can't be used", issues);
}

/** A pass without a file is one row without cells. */
async function* rowsOfPass(file: SourceFile | undefined) {
  if (file) yield* rowsOf(file);
  else yield { row: createRow(noLayout, [], 1), bytes: 0 };
}

async function* until<T>(signal: AbortSignal | undefined, items: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const item of items) {
    if (signal?.aborted) return;
    yield item;
  }
}

const nameOf = (file: SourceFile | undefined, pass: CompiledPass): string =>
  file?.name ?? `plan: ${pass.title}`;
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
