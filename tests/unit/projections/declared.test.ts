/**
 * Every read model can hold whatever the domain can decide: a value that doesn't fit its column would stop the projector.
 * What Postgres itself makes of such rows is shown in tests/integration/projections/declared.test.ts.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Aggregate } from '../../../src/domain/kernel/aggregate.ts';
import { Id, Instant, LocalDate, Money } from '../../../src/domain/kernel/values.ts';
import { loadCatalog } from '../../../src/eventstore/catalog.ts';
import { loadReadModels } from '../../../src/projections/catalog.ts';
import type { Column } from '../../../src/projections/columns.ts';
import { foldFromScratch } from '../../../src/projections/engine/verify.ts';
import { systemColumns } from '../../../src/projections/readModel.ts';
import { id } from '../../support/ids.ts';
import { recorded } from '../../support/recorded.ts';
import { lived, wishesTo } from '../../support/wishes.ts';

const [catalog, models] = await Promise.all([loadCatalog(), loadReadModels()]);

const storable = z.string().refine(text => !text.includes('\0') && text.isWellFormed());

/** What a column takes. */
const HOLDS: Readonly<Record<Column['kind'], (column: Column) => z.ZodType>> = {
  text: () => storable,
  choice: ({ values = [] }) => z.enum(values),
  ref: () => Id,
  refs: () => z.array(Id),
  texts: () => z.array(storable),
  int: () => z.int32(),
  boolean: () => z.boolean(),
  date: () => LocalDate,
  instant: () => Instant,
  money: () => Money,
  json: () => z.json().refine(value => storable.safeParse(JSON.stringify(value)).success),
  position: () => z.bigint(),
};

const fitting = (column: Column): z.ZodType =>
  column.nullable
    ? HOLDS[column.kind](column).nullable()
    : HOLDS[column.kind](column).refine(value => value !== null); // JSON's null is SQL's

const rows = new Map(
  models.map(({ name, columns }) => {
    const declared = Object.entries(columns).filter(([column]) => !(column in systemColumns));
    const shape = declared.map(([column, declaration]) => [column, fitting(declaration)] as const);
    return [name, z.object(Object.fromEntries(shape))];
  }),
);

const asRecorded = (aggregate: Aggregate, events: Awaited<ReturnType<typeof lived>>) =>
  events.map(({ type, data }, revision) =>
    recorded({
      type,
      data: JSON.parse(JSON.stringify(data)),
      aggregateId: id(1),
      category: aggregate.category,
      stream: `${aggregate.category}-default.${id(1)}`,
      revision,
      position: BigInt(revision),
    }),
  );

describe.each([...catalog.aggregates])('whatever happens to %s', (_, aggregate) => {
  test('fits the columns of every read model', () =>
    fc.assert(
      fc.asyncProperty(wishesTo(aggregate, { maxLength: 30 }), async wishes => {
        const events = asRecorded(aggregate, await lived(aggregate, wishes));
        const folded = foldFromScratch(models, events);
        for (const [name, versions] of folded)
          for (const { row } of versions) expect(rows.get(name)?.safeParse(row).error, name).toBe(undefined);
      }),
      { numRuns: 40 },
    ));

  test('leaves the record as the domain knows it', () =>
    fc.assert(
      fc.asyncProperty(wishesTo(aggregate, { maxLength: 30 }), async wishes => {
        const events = asRecorded(aggregate, await lived(aggregate, wishes));
        const { record, state } = events.reduce(aggregate.evolve, aggregate.initial);
        const folded = foldFromScratch(models, events);
        for (const model of models.filter(({ of }) => of?.category === aggregate.category)) {
          const row = folded.get(model.name)?.find(({ validTo }) => validTo === null)?.row;
          const details = Object.keys(aggregate.details).map(field => [
            field,
            record.details[field] ?? nothing(model.columns[field]),
          ]);
          const { ownerId, tags, archived } = record;
          const shared = record.erased ? {} : sharedWith(state, model.columns); // an erased one begins anew
          const known = { ...Object.fromEntries(details), ...shared };
          expect(row).toMatchObject({ ...known, ownerId, tags, archived });
        }
      }),
      { numRuns: 40 },
    ));
});

/** Where a record has no value. A list is empty: null would mean that it was erased. */
const nothing = (column: Column | undefined) =>
  column?.kind === 'texts' || column?.kind === 'refs' ? [] : null;

/** The parts of a state that have a column of the same name. What a state leaves out, a row holds as null. */
const sharedWith = (state: unknown, columns: object): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(z.record(z.string(), z.unknown()).parse(state)).filter(([name]) => name in columns),
  );

test('every event type of the domain is wanted by a read model', () => {
  const wanted = [...catalog.eventTypes.values()].filter(({ category, type }) =>
    models.some(model => model.handler(recorded({ type, category, aggregateId: id(1) }))),
  );
  expect(wanted).toHaveLength(catalog.eventTypes.size);
});
