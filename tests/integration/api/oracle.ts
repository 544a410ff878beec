/** What queries must answer, made the plain way: the log folded in memory, filtered and sorted in JavaScript. */
import type { RecordedEvent } from '../../../src/eventstore/envelope.ts';
import type { Column } from '../../../src/projections/columns.ts';
import { foldFromScratch, truthAt } from '../../../src/projections/engine/verify.ts';
import type { ReadModel } from '../../../src/projections/readModel.ts';

/** A row as GraphQL shows its columns. */
export type Shown = { readonly id: string } & Readonly<Record<string, unknown>>;
export type When = { readonly asOf?: string; readonly knownAt?: bigint };
type Model = Pick<ReadModel, 'name' | 'columns'>;

const END = 2n ** 63n;

export function createOracle(models: readonly ReadModel[], events: readonly RecordedEvent[]) {
  const versions = foldFromScratch(models, events);
  const model = (name: string): ReadModel => {
    const found = models.find(each => each.name === name);
    if (!found) throw new Error(`no model ${name}`);
    return found;
  };
  return {
    model,
    /** Without bounds: as it now is. */
    rows: (name: string, { asOf = 'Z', knownAt = END }: When = {}): readonly Shown[] =>
      truthAt(versions.get(name) ?? [], asOf, knownAt).map(({ id, row, revision, validFrom, knownFrom }) => ({
        id,
        ...Object.fromEntries(
          Object.keys(model(name).columns).map(column => [fieldOf(column), row[column] ?? null]),
        ),
        revision,
        changedAt: validFrom,
        position: `${knownFrom}`,
      })),
    /** Of everything that happened: when it did, and when it was recorded. */
    instants: [...new Set(events.flatMap(({ occurredAt, recordedAt }) => [occurredAt, recordedAt]))],
    positions: events.map(({ position }) => position),
    /** The last position known at an instant. */
    knownAt: (instant: string): bigint => {
      let known = -1n;
      for (const { recordedAt, position } of events) {
        if (recordedAt > instant) break;
        known = position;
      }
      return known;
    },
  };
}

export type Oracle = ReturnType<typeof createOracle>;

const RENAMED: Readonly<Record<string, string>> = { validFrom: 'changedAt', knownFrom: 'position' };
const fieldOf = (column: string) => RENAMED[column] ?? column;

/** The model's columns by the names of their fields, `id` among them. */
export const fieldsOf = ({ columns }: Model): Readonly<Record<string, Column>> => ({
  id: { kind: 'ref', nullable: false, personal: false },
  ...Object.fromEntries(Object.entries(columns).map(([name, column]) => [fieldOf(name), column])),
});

/** A selection of everything that is a column. */
export const selectionOf = (model: Model): string =>
  Object.entries(fieldsOf(model))
    .filter(([name]) => name !== 'lines') // which is a type of its own
    .map(([name, { kind }]) => (kind === 'money' ? `${name} { amount currency }` : name))
    .join(' ');

type Money = { readonly amount: string; readonly currency: string };

/** As `Number` would compare them, for the small amounts of tests. */
const comparable = (kind: Column['kind'], value: unknown): string | number | bigint => {
  if (kind === 'money') return Number((value as Money).amount);
  if (kind === 'position') return BigInt(value as string);
  if (kind === 'instant') return new Date(value as string).toISOString();
  return typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : String(value);
};

const compare = (kind: Column['kind'], a: unknown, b: unknown): number => {
  const [x, y] = [comparable(kind, a), comparable(kind, b)];
  return x < y ? -1 : x > y ? 1 : 0;
};

export type Sort = { readonly field: string; readonly direction: 'ASC' | 'DESC' };

/** Missing values last in either direction, ties broken by the id. */
export function sorted(model: Model, rows: readonly Shown[], order: readonly Sort[]): readonly Shown[] {
  const fields = fieldsOf(model);
  const keys = [...order, { field: 'id', direction: order.at(-1)?.direction ?? 'ASC' }];
  return [...rows].sort((a, b) => {
    for (const { field, direction } of keys) {
      const [x, y] = [a[field], b[field]];
      if (x === null && y === null) continue;
      if (x === null) return 1;
      if (y === null) return -1;
      const difference = compare(fields[field]?.kind ?? 'text', x, y);
      if (difference !== 0) return direction === 'ASC' ? difference : -difference;
    }
    return 0;
  });
}

export type Condition = { readonly [field: string]: unknown };

export function matches(model: Model, row: Shown, filter: Condition): boolean {
  const fields = fieldsOf(model);
  return Object.entries(filter).every(([name, value]) => {
    if (name === 'not') return !matches(model, row, value as Condition);
    if (name === 'and') return (value as Condition[]).every(part => matches(model, row, part));
    if (name === 'or') return (value as Condition[]).some(part => matches(model, row, part));
    return Object.entries(value as object).every(([operator, operand]) =>
      holds(fields[name]?.kind ?? 'text', row[name], operator, operand),
    );
  });
}

function holds(kind: Column['kind'], value: unknown, operator: string, operand: unknown): boolean {
  const isList = kind === 'texts' || kind === 'refs';
  if (operator === 'isNull')
    return (value === null || (isList && (value as unknown[]).length === 0)) === operand;
  if (value === null) return false;
  if (isList) {
    const wanted = operator === 'contains' ? [operand] : (operand as unknown[]);
    return wanted.some(each => (value as unknown[]).includes(each));
  }
  if (operator === 'in') return (operand as unknown[]).some(each => compare(kind, value, each) === 0);
  if (operator === 'contains')
    return (value as string).toLowerCase().includes((operand as string).toLowerCase());
  if (kind === 'money' && (value as Money).currency !== (operand as Money).currency) return false;
  const difference = compare(kind, value, operand);
  switch (operator) {
    case 'gt':
      return difference > 0;
    case 'gte':
      return difference >= 0;
    case 'lt':
      return difference < 0;
    case 'lte':
      return difference <= 0;
    default:
      return difference === 0;
  }
}
