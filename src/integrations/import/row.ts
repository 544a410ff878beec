/** One row on its way in: its cells as the plan wants them read, and what was found on the way. */
import type { Id } from '../../domain/kernel/values.ts';
import type { ColumnPlan } from './plan.ts';

/** Something about a cell that the report names: a repair, or a reason why the row is rejected. */
export type Finding = {
  readonly column: string;
  readonly code: string;
  readonly value: string;
  /** What to do. */
  readonly advice: string;
};

/** A record of the plan that a cell refers to. */
export type PlanReference = {
  readonly kind: string;
  readonly key: Key;
  readonly id: Id;
  readonly column: string;
  readonly value: string;
};

/** What tells a record from others of its kind. */
export type Key = readonly string[];

/** Keys and references are compared by their letters, however a file writes their accents. */
export const keyPart = (text: string): string => text.normalize('NFC');

export type Row = {
  /** As a spreadsheet shows it; the header is row 1. */
  readonly number: number;
  /** The cell, trimmed and with aliases resolved; `''` when it is empty. */
  readonly read: (column: string) => string;
  readonly problems: Finding[];
  readonly repairs: Finding[];
  /** Of the step that is being evaluated. */
  readonly references: PlanReference[];
};

/** Where a file's columns stand, and how the plan wants them read. */
export type Layout = {
  readonly index: ReadonlyMap<string, number>;
  readonly columns: Readonly<Record<string, ColumnPlan>>;
};

/** The layout of a pass without a file. */
export const noLayout: Layout = { index: new Map(), columns: {} };

export function createRow(layout: Layout, cells: readonly string[], number: number): Row {
  const known = new Map<string, string>();
  const row: Row = {
    number,
    problems: [],
    repairs: [],
    references: [],
    read: column => {
      const before = known.get(column);
      if (before !== undefined) return before;
      const raw = (cells[layout.index.get(column) ?? -1] ?? '').trim();
      const cell = settle(row, column, raw, layout.columns[column]);
      known.set(column, cell);
      return cell;
    },
  };
  return row;
}

/** A cell that goes to several fields is told of once. */
export function addProblem({ problems }: Row, problem: Finding): void {
  if (!problems.some(({ column, code }) => column === problem.column && code === problem.code))
    problems.push(problem);
}

function settle(row: Row, column: string, raw: string, plan: ColumnPlan | undefined): string {
  const reject = (code: string, advice: string) => {
    row.problems.push({ column, code, value: raw, advice });
    return raw;
  };
  if (/[\0\uFFFD]/.test(raw) || !raw.isWellFormed())
    return reject(
      'BAD_ENCODING',
      'save the file in the encoding that the plan names (utf-8 unless it says otherwise)',
    );
  if (!plan) return raw;
  const alias = plan.aliases?.[raw];
  if (alias !== undefined)
    row.repairs.push({
      column,
      code: 'ALIAS',
      value: raw,
      advice: `read as "${alias}"; correct it in the file if you can`,
    });
  const cell = alias ?? raw;
  if (cell === '' && plan.empty === 'reject') return reject('EMPTY', 'fill it in');
  if (cell === '' && plan.empty === 'report')
    row.repairs.push({
      column,
      code: 'EMPTY',
      value: '',
      advice: 'imported without it; fill it in, there or in Relata',
    });
  if (cell !== '' && plan.values && !plan.values.includes(cell))
    return reject(
      'VALUE_UNKNOWN',
      `use one of ${plan.values.join(', ')}, or name an alias for it in the plan`,
    );
  return cell;
}
