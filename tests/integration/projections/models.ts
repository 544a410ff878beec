/** Small read models, one of each kind, over events of things. */
import {
  boolean,
  type Columns,
  choice,
  date,
  instant,
  int,
  json,
  money,
  ref,
  refs,
  text,
  texts,
} from '../../../src/projections/columns.ts';
import {
  factModel,
  type Handler,
  type ReadModel,
  type Row,
  systemColumns,
} from '../../../src/projections/readModel.ts';

type Evolve = (row: Row | undefined, data: Row, key: string) => Row | null;

const model = <C extends Columns>(
  name: string,
  columns: C,
  more: Partial<ReadModel> & { readonly keys?: (data: Row, id: string) => readonly string[] },
  on: Readonly<Record<string, Evolve>>,
): ReadModel => {
  const handlers = new Map(
    Object.entries(on).map(([type, evolve]): [string, Handler] => [
      type,
      {
        keys: event => more.keys?.(event.data, event.aggregateId) ?? [event.aggregateId],
        evolve: (row, event, key) => evolve(row, event.data, key),
      },
    ]),
  );
  return {
    kind: 'readModel',
    name,
    version: 1,
    of: undefined,
    category: 'thing',
    history: true,
    appendOnly: false,
    columns: { ...columns, ...systemColumns },
    retired: {},
    indexes: [],
    handler: event => (event.category === 'thing' ? handlers.get(event.type) : undefined),
    ...more,
  };
};

const every = {
  name: text,
  note: text.optional,
  colour: choice('Colour', ['red', 'green']).optional,
  size: int.optional,
  done: boolean,
  price: money.optional,
  dueOn: date.optional,
  seenAt: instant.optional,
  ownerId: ref('user').optional,
  partIds: refs('thing'),
  tags: texts,
  extra: json<unknown>().optional,
};

const blank = {
  name: '',
  note: null,
  colour: null,
  size: null,
  done: false,
  price: null,
  dueOn: null,
  seenAt: null,
  ownerId: null,
  partIds: [],
  tags: [],
  extra: null,
};

/** One row a thing, with a column of every kind. */
export const things = model(
  'things',
  every,
  { indexes: [['name'], ['ownerId', 'size'], ['tags']] },
  {
    ThingMade: (_, data) => ({ ...blank, ...data }),
    ThingChanged: (row, data) => ({ ...blank, ...row, ...data }),
    ThingRemoved: () => null,
    ThingBroken: () => {
      throw new Error('it is broken');
    },
  },
);

/** Rows of their own under each thing; without history. */
export const thingParts = model(
  'thingParts',
  { count: int },
  { history: false, keys: data => (data.parts as string[] | undefined) ?? [] },
  {
    ThingMade: row => ({ count: ((row?.count as number | undefined) ?? 0) + 1 }),
    ThingChanged: row => ({ count: ((row?.count as number | undefined) ?? 0) + 1 }),
  },
);

/** A fact an event. */
export const thingFacts = factModel('thingFacts', {
  version: 1,
  columns: { type: text, thingId: ref('thing'), data: json<object>() },
  indexes: [['thingId']],
  fact: event =>
    event.category === 'thing'
      ? { type: event.type, thingId: event.aggregateId, data: event.data }
      : undefined,
});

export const testModels = [things, thingParts, thingFacts] as const;

/** Counts the letters of each name, which version 1 doesn't. */
export const raisedThings: ReadModel = {
  ...things,
  version: 2,
  columns: { letters: int, ...things.columns },
  handler: event => {
    const handler = things.handler(event);
    return (
      handler && {
        ...handler,
        evolve: (before, ...rest) => {
          const row = handler.evolve(before, ...rest);
          return row && { ...row, letters: String(row.name).length };
        },
      }
    );
  },
};
