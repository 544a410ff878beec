import { expect, test } from 'vitest';
import { createProgressView, duration } from '../../../src/integrations/import/progress.ts';
import { noCounts, type Summary } from '../../../src/integrations/import/summary.ts';
import { summaryText } from '../../../src/integrations/import/summaryText.ts';

const counts = (more: object) => ({ ...noCounts('Customers'), ...more });

function view(isTTY: boolean, columns?: number) {
  let time = 0;
  let written = '';
  const output = { isTTY, columns, write: (text: string) => (written += text) };
  const progress = createProgressView(output, () => time);
  return {
    at: (ms: number, rows: number) => {
      time = ms;
      const share = { bytesDone: rows, bytesTotal: 1000 };
      progress.show({ pass: 0, passes: 2, counts: counts({ rows }), rows, ...share });
    },
    end: progress.end,
    written: () => written,
  };
}

test('a terminal has one line that renews itself and goes away', () => {
  const { at, end, written } = view(true);
  at(0, 0);
  at(1, 1);
  at(1000, 9);
  at(2000, 250);
  end();
  expect(written().split('\r\u001b[K')).toEqual([
    '',
    'Customers (1 of 2): 0 rows, 0 rows/s, 0 %',
    'Customers (1 of 2): 9 rows, 9 rows/s, 0 %',
    'Customers (1 of 2): 250 rows, 125 rows/s, 25 %, about 6 s left',
    '',
  ]);
});

test('the line never wraps: a narrow terminal shows its beginning', () => {
  const { at, end, written } = view(true, 30);
  at(2000, 250);
  end();
  expect(written().split('\r\u001b[K')).toEqual(['', 'Customers (1 of 2): 250 rows,', '']);
});

test('elsewhere there is a line every few seconds', () => {
  const { at, end, written } = view(false);
  at(0, 0);
  at(4000, 100);
  at(6000, 300);
  at(7000, 350);
  end();
  expect(written()).toBe('Customers (1 of 2): 300 rows, 50 rows/s, 30 %, about 14 s left\n');
});

test('durations are said in the units that fit', () => {
  expect([400, 59_000, 200_000, 7_500_000].map(duration)).toEqual(['0 s', '59 s', '3 min 20 s', '2 h 5 min']);
});

function said(passes: Summary['passes'], more: Partial<Summary> = {}): string {
  const summary = {
    passes,
    correlationId: 'c-1',
    position: undefined,
    isDryRun: false,
    isInterrupted: false,
    ...more,
  };
  return summaryText(summary, { plan: 'bakery', elapsedMs: 2000, reportFile: 'report.csv' });
}

test('the summary counts every row of every pass', () => {
  const text = said([counts({ rows: 1200, imported: 1190, rejected: 10, repaired: 1 })]);
  expect(text).toContain('bakery: 1,200 rows in 2 s (600 rows/s)');
  expect(text).toMatch(/Customers +1,200 +1,190 +0 +0 +10 +1\n/);
  expect(text).toContain('1 row was imported with a repair; report.csv names each cell.');
  expect(text).toContain('10 rows were rejected; report.csv says why.');
});

test('when nothing changed, it says so', () => {
  expect(said([counts({ rows: 5, unchanged: 5 })])).toContain('Nothing changed');
  expect(said([counts({ rows: 5, imported: 5 })])).not.toContain('Nothing changed');
  expect(said([counts({ rows: 5, idle: 5 })])).toContain('no row that says anything to import');
});

test('it says by which correlation it is undone, where there is something to undo', () => {
  const line = 'Its correlation is c-1. To undo it: npm run relata -- undo --correlation c-1';
  expect(said([counts({ rows: 5, imported: 5 })])).toContain(line);
  expect(said([counts({ rows: 5, rejected: 5 })])).not.toContain('undo');
  expect(said([counts({ rows: 5, imported: 5 })], { isDryRun: true })).not.toContain('undo');
});

test('a dry run and an early end are named', () => {
  expect(said([counts({ rows: 5, imported: 5 })], { isDryRun: true })).toContain('nothing was written');
  expect(said([counts({ rows: 5, unchanged: 5 })], { isInterrupted: true })).toContain(
    'Run the same import again',
  );
});
