/** When a step is for a row: every named column must be as its condition says. */
import { type Context, type JsonPath, useColumn } from './context.ts';
import type { Condition } from './plan.ts';
import type { Row } from './row.ts';

export function compileConditions(
  context: Context,
  conditions: Readonly<Record<string, Condition>>,
  path: JsonPath,
): (row: Row) => boolean {
  const tests = Object.entries(conditions).map(([column, condition]) => {
    useColumn(context, column, [...path, column]);
    const holds = testOf(condition);
    return (row: Row) => holds(row.read(column));
  });
  return row => tests.every(test => test(row));
}

function testOf(condition: Condition): (cell: string) => boolean {
  if (typeof condition === 'string') return cell => cell === condition;
  if (Array.isArray(condition)) return cell => condition.includes(cell);
  if ('empty' in condition) return cell => (cell === '') === condition.empty;
  return cell => !condition.not.includes(cell);
}
