/**
 * Whatever is missing of what happened, because a person was erased, everything that folds can fold it: each aggregate
 * and each read model, with any personal fields of any events gone. With all of them gone nothing personal is left.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Aggregate } from '../../../src/domain/kernel/aggregate.ts';
import { erasureType } from '../../../src/domain/kernel/erasure.ts';
import type { NewEvent } from '../../../src/domain/kernel/events.ts';
import { loadCatalog } from '../../../src/eventstore/catalog.ts';
import type { RecordedEvent } from '../../../src/eventstore/envelope.ts';
import { loadReadModels } from '../../../src/projections/catalog.ts';
import { foldFromScratch } from '../../../src/projections/engine/verify.ts';
import { erasedIn } from '../../support/erased.ts';
import { id } from '../../support/ids.ts';
import { recorded } from '../../support/recorded.ts';
import { lived, wishesTo } from '../../support/wishes.ts';

const [catalog, models] = await Promise.all([loadCatalog(), loadReadModels()]);
const withPersons = [...catalog.aggregates].filter(([, { eventTypes }]) =>
  [...eventTypes.values()].some(({ personal }) => personal.size > 0),
);

test('there are records of persons', () =>
  expect(withPersons.map(([category]) => category)).toEqual(expect.arrayContaining(['contact', 'user'])));

const asRecorded = ({ category }: Aggregate, events: readonly NewEvent[]): readonly RecordedEvent[] =>
  events.map(({ type, data }, revision) =>
    recorded({
      type,
      data: JSON.parse(JSON.stringify(data)),
      id: id(0xe000 + revision),
      aggregateId: id(1),
      category,
      revision,
      position: BigInt(revision),
      occurredAt: new Date(Date.UTC(2020, 0, 1) + revision * 1_000).toISOString(),
    }),
  );

describe.each(withPersons)('%s', (category, aggregate) => {
  /** A life, and whether each personal field of it is gone. */
  const lives = fc.tuple(
    wishesTo(aggregate, { maxLength: 25 }).map(wishes => ({ wishes })),
    fc.infiniteStream(fc.boolean()),
  );

  test('is folded whichever personal fields are gone', () =>
    fc.assert(
      fc.asyncProperty(lives, async ([{ wishes }, choices]) => {
        const events = asRecorded(aggregate, await lived(aggregate, wishes));
        const some = events.map(event => erasedIn(aggregate, event, () => choices.next().value === true));
        const { record } = some.reduce(aggregate.evolve, aggregate.initial);
        const whole = events.reduce(aggregate.evolve, aggregate.initial);
        expect({ ...record, details: {} }).toEqual({ ...whole.record, details: {} });
        foldFromScratch(models, some);
      }),
      { numRuns: 100 },
    ));

  test('leaves nothing personal in any version of any row once all of it is gone, and everything else', () =>
    fc.assert(
      fc.asyncProperty(wishesTo(aggregate, { maxLength: 25 }), async wishes => {
        const before = await lived(aggregate, wishes);
        const events = asRecorded(aggregate, [...before, { type: erasureType(category), data: {} }]);
        const whole = foldFromScratch(models, events);
        const erased = foldFromScratch(
          models,
          events.map(event => erasedIn(aggregate, event)),
        );
        for (const model of models.filter(({ of }) => of?.category === category)) {
          const versions = erased.get(model.name) ?? [];
          expect(versions).toHaveLength(whole.get(model.name)?.length ?? -1);
          for (const [i, { row, ...span }] of versions.entries()) {
            const { row: wholeRow, ...wholeSpan } = whole.get(model.name)?.[i] ?? { row: {} };
            expect(span).toEqual(wholeSpan);
            const cleared = Object.entries(model.columns).flatMap(([name, column]) =>
              column.personal ? [[name, column.kind === 'texts' || column.kind === 'refs' ? [] : null]] : [],
            );
            // What the engine clears in tables is what a fold gives.
            expect(row).toEqual({ ...wholeRow, ...Object.fromEntries(cleared) });
          }
          expect(versions.at(-1)?.row.erasedAt).toBe(events.at(-1)?.occurredAt);
        }
      }),
      { numRuns: 100 },
    ));
});
