/** Results for people. */
import { moreIsBetter, type Result } from './benchmark.ts';

const HEADER = ['metric', 'value', 'floor', 'ratio', 'bar', ''];

export const tableOf = (results: readonly Result[]): string => {
  const rows = [HEADER, ...results.map(cellsOf)];
  const widths = HEADER.map((_, i) => Math.max(...rows.map(row => (row[i] ?? '').length)));
  return rows
    .map(row => `  ${row.map((cell, i) => pad(cell, widths[i] ?? 0, i)).join('  ')}`.trimEnd())
    .join('\n');
};

/** The cells of a result, in the order of the header. */
export const cellsOf = ({ metric, value, unit, floor, ratio, bar, ok }: Result): string[] => [
  metric,
  `${number(value)} ${unit}`,
  floor === null ? '–' : `${number(floor)} ${unit}`,
  ratio === null ? '–' : ratio.toFixed(2),
  bar === null ? '–' : `${moreIsBetter(metric) ? '≥' : '≤'} ${bar}`,
  verdict({ metric, ratio, bar, ok }),
];

/** Whether the bar is met, and if not by how much it is missed. */
function verdict({ metric, ratio, bar, ok }: Pick<Result, 'metric' | 'ratio' | 'bar' | 'ok'>): string {
  if (bar === null || ratio === null) return '';
  const missedBy = moreIsBetter(metric) ? 1 - ratio / bar : ratio / bar - 1;
  if (ok && missedBy <= 0) return 'ok';
  // A hair's breadth is rounded away in the ratio, and so is the last bit of the division here.
  const percent = Math.max(1, Math.ceil(Number((missedBy * 100).toFixed(6))));
  return `${ok ? 'ok by the other way' : 'missed'} (by ${percent} %)`;
}

const number = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 3 });

const pad = (cell: string, width: number, column: number): string =>
  column === 0 || column === HEADER.length - 1 ? cell.padEnd(width) : cell.padStart(width);
