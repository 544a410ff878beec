/** Events as they are read once some of the persons in them are erased. */
import type { Aggregate } from '../../src/domain/kernel/aggregate.ts';
import { erasureType } from '../../src/domain/kernel/erasure.ts';
import { withoutFields } from '../../src/domain/kernel/personal.ts';
import type { Catalog } from '../../src/eventstore/catalog.ts';
import type { RecordedEvent } from '../../src/eventstore/envelope.ts';

type WithData = { readonly type: string; readonly data: Readonly<Record<string, unknown>> };

/** Without the personal fields that `gone` chooses. */
export function erasedIn<E extends WithData>(
  { eventTypes }: Pick<Aggregate, 'eventTypes'>,
  event: E,
  gone: (field: string) => boolean = () => true,
): E {
  const personal = eventTypes.get(event.type)?.personal ?? new Map();
  return { ...event, data: withoutFields(event.data, personal, name => personal.has(name) && gone(name)) };
}

/** Events as whoever reads the log from now on finds them: without what is about those who were erased in it. */
export function asReadNow(catalog: Catalog, events: readonly RecordedEvent[]): readonly RecordedEvent[] {
  const gone = new Set(
    events.filter(({ type, category }) => type === erasureType(category)).map(event => event.aggregateId),
  );
  return events.map(event => {
    const aggregate = gone.has(event.aggregateId) ? catalog.aggregates.get(event.category) : undefined;
    return aggregate ? erasedIn(aggregate, event) : event;
  });
}
