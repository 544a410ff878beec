/** Which events somebody wants: of one workspace always, and of types, a category or a record if they say so. */
import { type Aggregate, parseStream } from '../../domain/kernel/aggregate.ts';
import type { Catalog } from '../../eventstore/catalog.ts';
import type { Envelope } from '../../eventstore/envelope.ts';
import type { LoggedEvent } from '../../eventstore/log.ts';
import { isId } from '../../projections/query/values.ts';
import { bareType } from './cloudEvent.ts';
import { wrong } from './wrong.ts';

export type Wanted = {
  /** Names of event types. */
  readonly types?: readonly string[] | undefined;
  readonly category?: string | undefined;
  readonly recordId?: string | undefined;
};

export type Filter = (event: LoggedEvent) => boolean;

/** Streams that only Relata's own working needs: no command on them is anybody's to send. */
export const isInternal = ({ commands }: Pick<Aggregate, 'commands'>): boolean =>
  Object.values(commands).every(({ internal }) => internal === true);

/** @throws a coded error for a type or category that is not declared: a typing error would be silence for ever. */
export function filterOf(catalog: Catalog, workspaceId: string, wanted: Wanted): Filter {
  const types = wanted.types?.map(name => knownType(catalog, bareType(name.trim())));
  const category = wanted.category === undefined ? undefined : knownCategory(catalog, wanted.category);
  const recordId = wanted.recordId?.toLowerCase();
  if (recordId !== undefined && !isId(recordId)) throw wrong('recordId', 'must be an id');

  const all = [...catalog.aggregates.values()];
  const open = types ? all : all.filter(aggregate => !isInternal(aggregate));
  const categories = new Set(category === undefined ? open.map(each => each.category) : [category]);
  const isOfNewerRelata = ({ metadata }: Pick<LoggedEvent, 'metadata'>, written: string) =>
    category === undefined &&
    !catalog.aggregates.has(written) &&
    (metadata as Partial<Envelope> | null | undefined)?.workspaceId === workspaceId;
  const named = types && new Set(types);
  return event => {
    if (named && !named.has(event.type)) return false;
    const place = parseStream(event.streamId);
    return (
      place !== undefined &&
      place.workspaceId === workspaceId &&
      (categories.has(place.category) || isOfNewerRelata(event, place.category)) &&
      (recordId === undefined || place.id === recordId)
    );
  };
}

function knownType(catalog: Catalog, name: string): string {
  if (catalog.eventTypes.has(name)) return name;
  throw wrong('types', `there is no event type ${JSON.stringify(name)}; /events/schemas lists them`);
}

function knownCategory(catalog: Catalog, name: string): string {
  if (catalog.aggregates.has(name)) return name;
  throw wrong(
    'category',
    `there is no ${JSON.stringify(name)}; there are ${[...catalog.aggregates.keys()].sort().join(', ')}`,
  );
}
