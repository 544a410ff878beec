/** Events as they are read once some of the persons in them are erased. */
import type { Aggregate } from '../../src/domain/kernel/aggregate.ts';
import { withoutFields } from '../../src/domain/kernel/personal.ts';

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
