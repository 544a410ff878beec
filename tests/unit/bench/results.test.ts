import { describe, expect, test } from 'vitest';
import { judge } from '../../../bench/support/benchmark.ts';
import { blockOf, withBlock } from '../../../bench/support/results.ts';
import { tableOf } from '../../../bench/support/table.ts';

const results = judge('some', [
  { metric: 'events_per_s', value: 700, floor: 2000, bar: 0.5 },
  { metric: 'p50_ms', value: 2.25, floor: 1, bar: 2, anyOf: 'either' },
  { metric: 'p50_ms', value: 2.25, floor: 2, bar: 2, anyOf: 'either' },
  { metric: 'peak_mb', value: 90 },
]);

test('the table tells what is met, what is missed and by how much', () => {
  expect(tableOf(results).split('\n')).toEqual([
    '  metric          value      floor  ratio    bar',
    '  events_per_s  700 1/s  2,000 1/s   0.35  ≥ 0.5  missed (by 30 %)',
    '  p50_ms        2.25 ms       1 ms   2.25    ≤ 2  ok by the other way (by 13 %)',
    '  p50_ms        2.25 ms       2 ms   1.13    ≤ 2  ok',
    '  peak_mb         90 MB          –      –      –',
  ]);
});

test('what is missed by less than can be seen is missed all the same', () => {
  const [result] = judge('some', [{ metric: 'events_per_s', value: 4_999.9, floor: 10_000, bar: 0.5 }]);
  expect(result).toMatchObject({ ratio: 0.5, ok: false });
  expect(tableOf(result ? [result] : [])).toMatch(/missed \(by 1 %\)$/);
});

test('a block says when and on what it was measured, and holds the same cells', () => {
  const block = blockOf(results);
  expect(block).toMatch(/^\d{4}-\d\d-\d\d, on \d+ × .*, \d+ GB, \w+, Node \d+\./);
  expect(block).toContain('| events_per_s | 700 1/s | 2,000 1/s | 0.35 | ≥ 0.5 | missed (by 30 %) |');
});

describe('the document', () => {
  const some = { name: 'some', summary: 'What some measures' };
  const other = { name: 'other', summary: 'What other measures' };
  const first = withBlock('# Results\n', some, 'one');

  test('gets a section for a benchmark that it does not have', () => {
    expect(first).toBe('# Results\n\n## some\n\nWhat some measures\n\n<!-- some -->\none\n<!-- /some -->\n');
  });

  test('gets its block replaced; the words around it and other benchmarks stay', () => {
    const both = withBlock(`${first}\nThe disk was slow that day.\n`, other, 'two');
    expect(withBlock(both, some, 'three')).toBe(both.replace('one', 'three'));
    expect(withBlock(both, some, 'three')).toContain('The disk was slow that day.');
  });
});
