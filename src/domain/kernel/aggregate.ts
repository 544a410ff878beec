/** An aggregate: its event types, state, fold and commands in one declaration. */
import { z } from 'zod';
import type { CommandDeclaration } from './command.ts';
import { erasedRecord, erasureCommands, erasureEvents, erasureType, erasureUndo } from './erasure.ts';
import type { AnyEventSet, DataOf, EventType } from './events.ts';
import {
  evolveRecord,
  noRecord,
  pascal,
  type RecordState,
  recordCommands,
  recordEvents,
  recordUndo,
} from './record.ts';
import type { AnyUndo, Undo } from './undo.ts';
import type { Id, Instant, Shape } from './values.ts';

/** A stored event as the domain sees it: decrypted and of the latest version. */
export type DomainEvent<T extends string = string, D = Readonly<Record<string, unknown>>> = {
  readonly type: T;
  readonly data: D;
  readonly occurredAt: Instant;
};

/** One function an event type: the state after it. Pure; never throws on what decide emitted. */
export type Evolve<S, E extends AnyEventSet> = {
  readonly [T in keyof E & string]: (state: S, data: DataOf<E, T>, event: DomainEvent) => S;
};

/** Values that only one live record may hold; dispatch reserves them and answers `code` when another has one. */
export type Unique<S> = {
  readonly values: (state: S, record: RecordState) => readonly string[];
  readonly code: string;
  readonly message: string;
  readonly path: string;
  /** The command that takes the value from a record which turns out to have lost it to another. */
  readonly giveUp: (value: string) => { readonly command: string; readonly input: object };
};

/** What folding a stream gives. */
export type Folded<S> = { readonly state: S; readonly record: RecordState };

export type Aggregate<S = unknown, E extends AnyEventSet = AnyEventSet> = {
  readonly kind: 'aggregate';
  /** camelCase; the streams' category and the record's name in the API. */
  readonly category: string;
  /** One for each workspace; its id follows from the workspace. */
  readonly singleton: boolean;
  /** Its records are of persons: their own personal fields can be erased. */
  readonly erasable: boolean;
  readonly details: Shape;
  /** Its own event types and the derived ones. */
  readonly events: E;
  readonly eventTypes: ReadonlyMap<string, EventType>;
  /** Its own commands and the derived ones, by name. */
  readonly commands: Readonly<Record<string, CommandDeclaration<S>>>;
  readonly unique: Readonly<Record<string, Unique<S>>>;
  /** How events are taken back, by their type. One that is not here stays. */
  readonly undo: ReadonlyMap<string, AnyUndo>;
  readonly initial: Folded<S>;
  readonly evolve: (folded: Folded<S>, event: DomainEvent) => Folded<S>;
};

type Definition<S, E extends AnyEventSet> = {
  readonly category: string;
  readonly singleton?: true;
  /** Fields that plain edits change. A record without them has no derived events and commands. */
  readonly details?: Shape;
  readonly events: E;
  readonly initial: S;
  readonly evolve: Evolve<S, E>;
  readonly undo?: { readonly [T in keyof E & string]: Undo<S, DataOf<E, T>> };
  readonly commands: Readonly<Record<string, CommandDeclaration<S>>>;
  readonly unique?: Readonly<Record<string, Unique<S>>>;
};

/** Puts an aggregate together and adds what every record has. */
export function defineAggregate<S, E extends AnyEventSet>(definition: Definition<S, E>): Aggregate<S, E> {
  const { category, details = {}, events, initial } = definition;
  const derived = definition.details ? recordEvents(category, details) : {};
  const erasable = Object.values({ ...events, ...derived }).some(isAboutItself);
  const all: AnyEventSet = { ...events, ...derived, ...(erasable && erasureEvents(category)) };
  const name = pascal(category);
  const detailFields = Object.keys(details);
  // Looked up by name for any event type; the definition's type has checked each function against its data.
  const own = new Map(
    Object.entries(
      definition.evolve as Readonly<Record<string, (state: S, data: unknown, event: DomainEvent) => S>>,
    ),
  );

  return {
    kind: 'aggregate',
    category,
    singleton: definition.singleton ?? false,
    erasable,
    details,
    events: all as unknown as E, // its own are all there; the derived ones come in by name
    eventTypes: new Map(Object.entries(all).map(([type, make]) => [type, make.eventType])),
    commands: {
      ...definition.commands,
      ...(definition.details && recordCommands<S>(category, details)),
      ...(erasable && erasureCommands<S>(category)),
    },
    unique: definition.unique ?? {},
    undo: new Map(
      Object.entries({
        ...((definition.undo ?? {}) as Readonly<Record<string, AnyUndo>>), // by name, as `own`
        ...(definition.details && recordUndo(category, details)),
        ...(erasable && erasureUndo(category)),
      }),
    ),
    initial: { state: initial, record: noRecord },
    evolve: ({ state, record }, event) => {
      // What was folded before may hold personal values, wherever in the state: none of it is needed any more.
      if (erasable && event.type === erasureType(category))
        return { record: erasedRecord(record, details), state: initial };
      const suffix = Object.hasOwn(derived, event.type) ? event.type.slice(name.length) : undefined;
      return {
        record: evolveRecord(record, suffix, event.data, detailFields),
        state: own.get(event.type)?.(state, event.data, event) ?? state,
      };
    },
  };
}

/** Whether an event type has a personal field about the record itself. */
const isAboutItself = ({ eventType }: { readonly eventType: EventType }): boolean =>
  [...eventType.personal.values()].some(({ subject }) => subject === undefined);

/** The name of a stream: EventStoreDB cuts the category at the first `-`. */
export const streamName = (category: string, workspaceId: string, id: Id): string =>
  `${category}-${workspaceId}.${id}`;

/** The parts of a stream's name, or nothing when it is not one of ours. */
export function parseStream(stream: string): { category: string; workspaceId: string; id: Id } | undefined {
  const match = /^([a-z][A-Za-z]*)-([a-z0-9-]{1,40})\.([0-9a-f-]{36})$/.exec(stream);
  if (!match) return undefined;
  const [, category = '', workspaceId = '', id = ''] = match;
  return { category, workspaceId, id };
}

/** A tenant's id as it stands in stream names and keys. */
export const WorkspaceId = z.string().regex(/^[a-z0-9-]{1,40}$/);
