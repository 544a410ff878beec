/**
 * Declaring event types. An event type is declared once: name, what it says, version, fields and which of them are
 * personal; the codec, the catalogue, read models and tests derive from it. Event shapes are a storage format: they live forever.
 */
import { z } from 'zod';
import { type Erasable, type PersonalField, personalFields } from './personal.ts';
import type { Fields, Shape } from './values.ts';

/** Data as stored by an older version, turned into the next one. Pure; sees decrypted data. */
export type Upcaster = (data: Readonly<Record<string, unknown>>) => Record<string, unknown>;

/** A declaration whose shape has changed since version 1: the latest shape, and an upcaster from each older version. */
export type Versioned<S extends Shape = Shape> = {
  readonly version: number;
  readonly shape: S;
  readonly upcast: Readonly<Record<number, Upcaster>>;
  readonly earlier: Readonly<Record<number, Shape>>;
};

/**
 * The latest shape of an event with the upcasters from each older version to the one after it.
 * @param earlier the shapes of older versions, for whoever keeps events that were delivered when they were the latest.
 */
export const versioned = <S extends Shape>(
  version: number,
  shape: S,
  upcast: Readonly<Record<number, Upcaster>>,
  earlier: Readonly<Record<number, Shape>> = {},
): Versioned<S> => {
  for (let from = 1; from < version; from++)
    if (!upcast[from]) throw new Error(`no upcaster from version ${from} to ${from + 1}`);
  return { version, shape, upcast, earlier };
};

type Shaped = Shape | Versioned;

/** A declaration with what the event says, in one sentence for the catalogue. */
export type Described<D extends Shaped = Shaped> = { readonly description: string; readonly declared: D };

/** `described('It was won.', { amount: Money })` */
export const described = <const D extends Shaped>(description: string, declared: D): Described<D> => ({
  description,
  declared,
});

type Declaration = Shaped | Described;
type ShapeOf<D> =
  D extends Described<infer V> ? ShapeOf<V> : D extends Versioned<infer S> ? S : D extends Shape ? D : never;

/** What is known of an event type, whatever its fields. */
export type EventType = {
  readonly category: string;
  readonly type: string;
  /** What it says, in one sentence. */
  readonly description?: string;
  readonly version: number;
  readonly schema: z.ZodObject;
  readonly upcast: Readonly<Record<number, Upcaster>>;
  /** Schemas of older versions, as they were. */
  readonly earlier: Readonly<Record<number, z.ZodObject>>;
  /** Top-level fields that are encrypted under their subject's key, by name. */
  readonly personal: ReadonlyMap<string, PersonalField>;
};

/** An event that has been decided and not yet stored. */
export type NewEvent<T extends string = string, D = Readonly<Record<string, unknown>>> = {
  readonly type: T;
  readonly data: D;
  /** The command that it answers, where that is not the one that appends it. */
  readonly causationId?: string;
};

/** In types alone: what an event's data are when they are read. */
declare const read: unique symbol;

/** Makes an event, and knows its type's declaration. */
export type EventMaker<T extends string, S extends Shape> = ((data: Fields<S>) => NewEvent<T, Fields<S>>) & {
  readonly eventType: EventType;
  readonly [read]: AsRead<Fields<S>, S>;
};

/** A personal field may be missing, when its subject is erased; a list is empty then. */
type AsRead<F, S extends Shape> = {
  readonly [K in keyof F]: K extends keyof S
    ? S[K] extends Erasable
      ? F[K] extends readonly unknown[]
        ? F[K]
        : F[K] | undefined
      : F[K]
    : F[K];
};

export type EventSet<D extends Readonly<Record<string, Declaration>>> = {
  readonly [T in keyof D & string]: EventMaker<T, ShapeOf<D[T]>>;
};

/** A set whatever its event types hold. */
export type AnyEventSet = Readonly<Record<string, { readonly eventType: EventType }>>;

/** The data of one event type of a set, as they are read. */
export type DataOf<E, T extends keyof E> = E[T] extends { readonly [read]: infer D } ? D : never;

/** Declares the event types of one category: `{ OpportunityWon: { amount: Money, closedOn: LocalDate } }`. */
export function defineEvents<const D extends Readonly<Record<string, Declaration>>>(
  category: string,
  declarations: D,
): EventSet<D> {
  const makers = Object.entries(declarations).map(([type, declaration]) => {
    const { description, declared } = isDescribed(declaration)
      ? declaration
      : { description: undefined, declared: declaration };
    const { version, shape, upcast, earlier } = isVersioned(declared)
      ? declared
      : { version: 1, shape: declared, upcast: {}, earlier: {} };
    const schema = z.object(shape);
    const personal = personalFields(schema.shape);
    const eventType: EventType = {
      category,
      type,
      ...(description !== undefined && { description }),
      version,
      schema,
      upcast,
      earlier: Object.fromEntries(Object.entries(earlier).map(([v, each]) => [v, z.object(each)])),
      personal,
    };
    const make = (data: Readonly<Record<string, unknown>>): NewEvent => ({ type, data });
    return [type, Object.assign(make, { eventType })] as const;
  });
  return Object.fromEntries(makers) as unknown as EventSet<D>; // the same keys, by construction
}

// What a shape holds under these names is a schema.
const isVersioned = (d: Shaped): d is Versioned => typeof (d as Versioned).version === 'number';
const isDescribed = (d: Declaration): d is Described => typeof (d as Described).description === 'string';
