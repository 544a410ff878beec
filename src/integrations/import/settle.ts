/** What became of a row, whoever carried it out. */
import type { CommandError } from '../../commands/errors.ts';
import type { Position } from '../../eventstore/envelope.ts';
import type { Evaluated } from './evaluate.ts';
import type { Finding, Row } from './row.ts';
import type { CompiledStep } from './steps.ts';

/** `idle`: no step was for it. */
export type Outcome = 'imported' | 'unchanged' | 'rejected' | 'idle';

export type SettledRow = {
  readonly number: number;
  readonly outcome: Outcome;
  readonly repairs: readonly Finding[];
  /** Why it is rejected. */
  readonly problems: readonly Finding[];
  /** The last one that the row's commands answered. */
  readonly position: Position | undefined;
};

/** Carries a row out, or (in a dry run) says what would be done. */
export type Settle = (evaluated: Evaluated) => Promise<SettledRow>;

export const settled = (row: Row, outcome: Outcome, position?: Position): SettledRow => ({
  number: row.number,
  outcome: row.problems.length > 0 ? 'rejected' : outcome,
  repairs: row.repairs,
  problems: row.problems,
  position,
});

/** The row's key came with other values before: in an earlier import or further up. */
export const CHANGED = 'CHANGED_SINCE_IMPORT';

const CHANGED_ADVICE =
  'another row with this key, now or in an earlier import, said otherwise; change the record in Relata, or give the row a key of its own';

/** A command's refusal in the words of the row. */
export function findingOf(row: Row, step: CompiledStep, error: CommandError): Finding {
  if (error.kind === 'COMMAND_ID_REUSED') return changed(row, step);
  const columns =
    error.path === 'occurredAt' ? step.at?.columns : error.path && step.columnsOf(error.path.split('.'));
  const advice =
    error.code === 'REFERENCE_NOT_FOUND'
      ? `no ${String(error.details?.category)} was imported for it; add or correct its row, and import again`
      : `${step.command.name}: ${error.message}`;
  return { ...cellsOf(row, columns || []), code: error.code, advice };
}

export const changed = (row: Row, step: CompiledStep): Finding => ({
  ...cellsOf(row, step.whenColumns),
  code: CHANGED,
  advice: `${step.command.name}: ${CHANGED_ADVICE}`,
});

const cellsOf = (row: Row, columns: readonly string[]) => ({
  column: columns.join(' + '),
  value: columns.map(row.read).join(' + '),
});
