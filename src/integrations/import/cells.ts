/** From a cell's text to the value that a field takes. */
import { type DateReader, dateReader, type ReadDate } from './dates.ts';
import type { FieldKind } from './fields.ts';
import { parseNumber, plainNumber } from './numbers.ts';
import type { ColumnPlan } from './plan.ts';
import { addProblem, type Row } from './row.ts';

/** The value of a column's cell; `undefined` when it is empty, or bad (then the row has a problem). */
export type CellReader = (row: Row) => unknown;

/** A reader for a column and the kind of field that it goes to, or what is wrong with the plan. */
export function cellReader(
  column: string,
  plan: ColumnPlan | undefined,
  kind: FieldKind,
  zone: string,
): CellReader | { readonly wrong: string } {
  const turn = turnerOf(plan, kind, zone);
  if (typeof turn !== 'function') return turn;
  return row => {
    const cell = row.read(column);
    if (cell === '') return undefined;
    const value = turn(cell);
    if (typeof value !== 'object') return value;
    addProblem(row, { column, value: cell, ...value });
    return undefined;
  };
}

type BadCell = { readonly code: string; readonly advice: string };
const bad = (code: string, advice: string): BadCell => ({ code, advice });

type Turn = (cell: string) => string | number | boolean | BadCell;

function turnerOf(plan: ColumnPlan | undefined, kind: FieldKind, zone: string): Turn | { wrong: string } {
  if (kind === 'other') return { wrong: 'this field has parts; lead to one of them with dots' };
  if (kind === 'boolean') return booleanTurner(plan);
  if (kind === 'number' || plan?.number) return numberTurner(plan, kind);
  if (kind === 'day' || kind === 'instant' || plan?.date) return dateTurner(plan, kind, zone);
  return cell => cell;
}

function booleanTurner(plan: ColumnPlan | undefined): Turn {
  const words = plan?.boolean ?? { true: ['true', 'yes', '1'], false: ['false', 'no', '0'] };
  const [yes, no] = [words.true, words.false].map(list => list.map(word => word.toLowerCase()));
  return cell => {
    const word = cell.toLowerCase();
    if (yes?.includes(word)) return true;
    if (no?.includes(word)) return false;
    return bad('BAD_BOOLEAN', `write one of ${[...words.true, ...words.false].join(', ')}`);
  };
}

function numberTurner(plan: ColumnPlan | undefined, kind: FieldKind): Turn | { wrong: string } {
  if (kind === 'day' || kind === 'instant')
    return { wrong: 'a number can\'t become a date; take "number" out' };
  const format = plan?.number ?? plainNumber;
  const example = `1${format.group ?? ''}234${format.decimal}5`;
  return cell => {
    const decimal = parseNumber(cell, format);
    if (decimal === undefined) return bad('BAD_NUMBER', `write a number such as ${example}`);
    if (kind !== 'number') return decimal;
    const value = Number(decimal);
    return String(value) === decimal ? value : bad('BAD_NUMBER', 'write it with fewer digits');
  };
}

function dateTurner(plan: ColumnPlan | undefined, kind: FieldKind, zone: string): Turn | { wrong: string } {
  const format = plan?.date?.format ?? 'iso';
  const read = dateReader(format, plan?.date?.zone ?? zone);
  if (typeof read !== 'function')
    return { wrong: `the date format "${format}" can't be used: ${read.wrong}` };
  const like = format === 'iso' ? '2017-03-31 or 2017-03-31T14:30:00Z' : `${format}, and a day that exists`;
  return cell => dateValue(read(cell), kind) ?? bad('BAD_DATE', `write it like ${like}`);
}

function dateValue(date: ReadDate | undefined, kind: FieldKind): string | undefined {
  if (kind === 'day') return date?.day;
  return kind === 'instant' || date?.hasTime ? date?.instant : date?.day;
}

/** The instant of a constant in a plan. */
export function constantInstant(text: string, zone: string): string | undefined {
  const read = dateReader('iso', zone) as DateReader; // the format is known to be right
  return read(text)?.instant;
}
