/** A small plan of our own invention, and what becomes of a row of its files. */
import { type Catalog, loadCatalog } from '../../../src/eventstore/catalog.ts';
import { type CompiledPlan, compilePlan } from '../../../src/integrations/import/compile.ts';
import { isImportError } from '../../../src/integrations/import/errors.ts';
import { evaluateRow } from '../../../src/integrations/import/evaluate.ts';
import { parsePlan } from '../../../src/integrations/import/readPlan.ts';
import { createRow } from '../../../src/integrations/import/row.ts';

export const catalog: Catalog = await loadCatalog();
export const NOW = '2026-01-01T00:00:00.000Z';

/** Customers of a bakery, each with what it pays a year. */
export const bakery = () => ({
  version: 1,
  name: 'bakery',
  files: {
    customers: {
      file: 'customers.csv',
      columns: {
        name: {},
        kind: { aliases: { cafee: 'café' }, values: ['café', 'shop'] },
        since: { date: { format: 'd.M.yyyy', zone: 'Europe/Berlin' } },
        yearly: { number: { decimal: ',', group: '.', shift: 3 } },
        city: { empty: 'report' },
      },
      ignore: ['note'],
    },
  },
  records: [
    {
      file: 'customers',
      kind: 'customer',
      key: 'name',
      steps: [
        {
          command: 'registerAccount',
          at: { column: 'since' },
          input: {
            name: { column: 'name' },
            industry: { column: 'kind' },
            'annualRevenue.amount': { column: 'yearly' },
            'annualRevenue.currency': { constant: 'EUR' },
            'addresses.0.kind': { constant: 'shop' },
            'addresses.0.city': { column: 'city' },
          },
        },
      ],
    },
  ],
});

/** The bakery with a head office, and each customer under the one that a column names. */
export function withParents(column: string) {
  const { records, ...plan } = bakery();
  const office = {
    kind: 'customer',
    key: { constant: 'Head office' },
    steps: [{ command: 'registerAccount', input: { name: { constant: 'Head office' } } }],
  };
  const parent = {
    command: 'setAccountParent',
    when: { [column]: { empty: false } },
    input: { accountId: { ref: 'customer', column: 'name' }, parentId: { ref: 'customer', column } },
  };
  return {
    ...plan,
    records: [office, ...records.map(pass => ({ ...pass, steps: [...pass.steps, parent] }))],
  };
}

type Json = Record<string, unknown>;

/** The plan with the value at a dotted path replaced, or taken away with undefined. */
export function changed(plan: Json, path: string, value: unknown): Json {
  const copy = structuredClone(plan);
  const parts = path.split('/');
  const last = parts.pop() ?? '';
  const parent = parts.reduce<Json>((at, part) => at[part] as Json, copy);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}

export const compiled = (json: unknown): CompiledPlan => compilePlan(parsePlan(json), catalog, 'test');

/** Path and message of every issue of a plan. */
export function issuesOf(json: unknown): readonly string[] {
  try {
    compiled(json);
    return [];
  } catch (error) {
    if (!isImportError(error)) throw error;
    return error.issues.map(({ path, message }) => `${path}: ${message}`);
  }
}

/** What the last pass of a plan makes of cells given by column. */
export function evaluate(json: unknown, cells: Readonly<Record<string, string>>) {
  const { passes, scope } = compiled(json);
  const pass = passes.at(-1);
  if (!pass?.file) throw new Error('the last pass has no file');
  const index = new Map(Object.keys(cells).map((column, i) => [column, i]));
  const row = createRow({ index, columns: pass.file.plan.columns }, Object.values(cells), 2);
  return evaluateRow(pass, row, scope, NOW);
}
