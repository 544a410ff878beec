/**
 * A read model is a keyed fold: for each event type which rows it touches, and the row after it. Declared once;
 * tables, types, GraphQL and history derive from the declaration. Folds are pure; rows hold no copies of other
 * records' attributes (they are joined when asked).
 */
import type { Aggregate } from '../domain/kernel/aggregate.ts';
import { isErasure } from '../domain/kernel/erasure.ts';
import type { AnyEventSet, DataOf } from '../domain/kernel/events.ts';
import type { Id } from '../domain/kernel/values.ts';
import type { RecordedEvent } from '../eventstore/envelope.ts';
import {
  boolean,
  type Columns,
  instant,
  int,
  position,
  type RowOf,
  ref,
  texts,
  type ValueOf,
} from './columns.ts';

export type Row = Readonly<Record<string, unknown>>;

/** Which rows an event touches, and what each is after it; null takes the row away. */
export type Handler = {
  readonly keys: (event: RecordedEvent) => readonly Id[];
  readonly evolve: (row: Row | undefined, event: RecordedEvent, key: Id) => Row | null;
};

export type ReadModel<C extends Columns = Columns> = {
  readonly kind: 'readModel';
  /** camelCase plural: `opportunities`. */
  readonly name: string;
  /** Goes up with every change of columns or folds: the new version is built beside the old one. */
  readonly version: number;
  /** The category whose records these rows are, one a record; `undefined` for other rows. */
  readonly of: Aggregate | undefined;
  /** The category whose streams its rows come from; `undefined` where they may be of any. */
  readonly category: string | undefined;
  /** Keeps every version of a row. Each row belongs to one stream, so both of its clocks only move on. */
  readonly history: boolean;
  /** Rows are only ever added, one for an event, and never change. */
  readonly appendOnly: boolean;
  /** Besides `workspaceId` and `id`, which every row has. */
  readonly columns: C & typeof systemColumns;
  /** Columns of earlier versions: rows have them no longer, and the views for analysts show them empty. */
  readonly retired: Columns;
  /** Lists of column names; `workspaceId` comes first in each by itself. A GIN index for `texts` and `refs` columns. */
  readonly indexes: readonly (readonly string[])[];
  /** The handler of an event type, or nothing when the model does not want it. */
  readonly handler: (event: RecordedEvent) => Handler | undefined;
};

/** What the engine itself writes into each row. */
export const systemColumns = {
  /** Revision of the row's stream. */
  revision: int,
  /** Since when the row is true as it stands: `occurredAt` of its last event. */
  validFrom: instant,
  /** Position of its last event. */
  knownFrom: position,
};

/** What every record's row has besides. */
export const recordColumns = {
  createdAt: instant,
  ownerId: ref('user').optional,
  tags: texts,
  archived: boolean,
};

/** And where the record is of a person. */
const personColumns = {
  /** When the person was erased: personal columns are empty, at any moment. */
  erasedAt: instant.optional,
};

type Common<C extends Columns> = {
  readonly version: number;
  readonly history?: boolean;
  readonly columns: C;
  readonly retired?: Columns;
  readonly indexes?: readonly (readonly (
    | keyof C
    | keyof typeof systemColumns
    | keyof typeof recordColumns
  )[])[];
};

/** Spelled out rather than `Partial<RowOf<C>>`: so TypeScript keeps the words of a `choice` as they are. */
type Changes<C extends Columns> = { readonly [K in keyof C]?: ValueOf<C[K]> };
type Typed<E extends AnyEventSet, T extends keyof E> = RecordedEvent<DataOf<E, T>>;

/**
 * One row a record of `of`. Owner, tags, archive and detail fields that are columns too are folded by themselves;
 * `on` says the rest. The first event's row starts from its own data and nulls.
 */
export function recordModel<S, E extends AnyEventSet, const C extends Columns>(
  name: string,
  of: Aggregate<S, E>,
  definition: Common<C> & {
    readonly on: {
      readonly [T in keyof E & string]?: (row: RowOf<NoInfer<C>>, event: Typed<E, T>) => Changes<C>;
    };
  },
): ReadModel<C & typeof recordColumns> {
  const columns = {
    ...definition.columns,
    ...recordColumns,
    ...(of.erasable && personColumns),
    ...systemColumns,
  };
  const aggregate = of as unknown as Aggregate; // its state's type plays no part here
  const own = definition.on as unknown as Readonly<Record<string, (row: Row, event: RecordedEvent) => Row>>; // checked by the definition's type
  const blank = Object.fromEntries(
    Object.entries(columns).map(([column, { kind }]) => [
      column,
      kind === 'texts' || kind === 'refs' ? [] : null,
    ]),
  );
  const erased = Object.fromEntries(
    Object.entries(definition.columns).flatMap(([name, { personal }]) =>
      personal ? [[name, blank[name]]] : [],
    ),
  );
  const details = Object.keys(aggregate.details).filter(field => field in definition.columns);

  const handler: Handler = {
    keys: event => [event.aggregateId],
    evolve: (before, event) => {
      const row: Record<string, unknown> = { ...(before ?? blank) }; // one copy, for catching up makes a million
      if (isErasure(event)) return Object.assign(row, erased, { erasedAt: event.occurredAt });
      Object.assign(row, before ? recordChange(before, event, details, blank) : firstRow(event, details));
      return Object.assign(row, own[event.type]?.(row, event));
    },
  };
  return {
    kind: 'readModel',
    name,
    version: definition.version,
    of: aggregate,
    category: aggregate.category,
    history: definition.history ?? true,
    appendOnly: false,
    columns,
    retired: definition.retired ?? {},
    indexes: (definition.indexes ?? []) as readonly (readonly string[])[],
    handler: event => (event.category === aggregate.category ? handler : undefined),
  };
}

const firstRow = (event: RecordedEvent, details: readonly string[]): Row => ({
  ...pickPresent(event.data, details),
  createdAt: event.occurredAt,
  ownerId: event.data.ownerId ?? null,
  tags: [...new Set((event.data.tags as string[] | undefined) ?? [])],
  archived: false,
});

/** What a derived event changes; its name ends in the words that `domain/kernel/record.ts` gave it. */
function recordChange(row: Row, event: RecordedEvent, details: readonly string[], blank: Row): Row {
  const { type, data } = event;
  if (type.endsWith('DetailsChanged'))
    // Cleared by null: as if it had never been given.
    return Object.fromEntries(
      Object.entries(pickPresent(data, details)).map(([field, value]) => [field, value ?? blank[field]]),
    );
  if (type.endsWith('OwnerChanged')) return { ownerId: data.to };
  if (type.endsWith('Archived')) return { archived: true };
  if (type.endsWith('Restored')) return { archived: false };
  const tags = row.tags as readonly string[];
  if (type.endsWith('TagApplied')) return { tags: [...tags, data.tag] };
  if (type.endsWith('TagRemoved')) return { tags: tags.filter(tag => tag !== data.tag) };
  return {};
}

const pickPresent = (data: Row, fields: readonly string[]): Row =>
  Object.fromEntries(fields.filter(field => data[field] !== undefined).map(field => [field, data[field]]));

/** Rows that are not records: stages of a pipeline, parents of accounts. Each row belongs to one stream of `from`. */
export function keyedModel<S, E extends AnyEventSet, const C extends Columns>(
  name: string,
  from: Aggregate<S, E>,
  definition: Common<C> & {
    readonly on: {
      readonly [T in keyof E & string]?: {
        readonly keys: (event: Typed<E, T>) => readonly Id[];
        readonly evolve: (
          row: RowOf<NoInfer<C>> | undefined,
          event: Typed<E, T>,
          key: Id,
        ) => RowOf<NoInfer<C>> | null;
      };
    };
  },
): ReadModel<C> {
  refusePersonal(name, definition.columns);
  const on = definition.on as unknown as Readonly<Record<string, Handler>>; // checked by the definition's type
  return {
    kind: 'readModel',
    name,
    version: definition.version,
    of: undefined,
    category: from.category,
    history: definition.history ?? true,
    appendOnly: false,
    columns: { ...definition.columns, ...systemColumns },
    retired: definition.retired ?? {},
    indexes: (definition.indexes ?? []) as readonly (readonly string[])[],
    handler: event => (event.category === from.category ? on[event.type] : undefined),
  };
}

/** One row an event, for good: facts that queries add up. The row's id is the event's. */
export function factModel<C extends Columns>(
  name: string,
  definition: Omit<Common<C>, 'history'> & { readonly fact: (event: RecordedEvent) => RowOf<C> | undefined },
): ReadModel<C> {
  refusePersonal(name, definition.columns);
  const handler: Handler = {
    keys: event => [event.id],
    evolve: (_, event) => definition.fact(event) ?? null,
  };
  return {
    kind: 'readModel',
    name,
    version: definition.version,
    of: undefined,
    category: undefined,
    history: false,
    appendOnly: true,
    columns: { ...definition.columns, ...systemColumns },
    retired: definition.retired ?? {},
    indexes: (definition.indexes ?? []) as readonly (readonly string[])[],
    handler: () => handler,
  };
}

/** Rows that are no records don't say whose they are, so an erasure would not find them. */
function refusePersonal(name: string, columns: Columns): void {
  const found = Object.keys(columns).find(column => columns[column]?.personal);
  if (found)
    throw new Error(`${name}.${found} is personal, and its rows are nobody's; keep it in a record's`);
}
