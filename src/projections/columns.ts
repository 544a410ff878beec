/** The columns that a read model is made of. SQL types, GraphQL fields, filters and loaders derive from them. */
import type { Id, Instant, LocalDate, Money } from '../domain/kernel/values.ts';

export type ColumnKind =
  | 'text'
  | 'choice'
  | 'ref'
  | 'refs'
  | 'texts'
  | 'int'
  | 'boolean'
  | 'date'
  | 'instant'
  | 'money'
  | 'json'
  | 'position';

/** `T` is the value in a row: money as `{amount, currency}`, instants as ISO text, positions as bigint. */
export type Column<T = unknown> = {
  readonly kind: ColumnKind;
  readonly nullable: boolean;
  /** The category whose records a `ref` or `refs` points to, where it is always the same. */
  readonly target?: string;
  /** The values of a `choice`, and its name in the API. */
  readonly values?: readonly string[];
  readonly typeName?: string;
  /** Personal: cleared when its subject, the record of its row, is erased. */
  readonly personal: boolean;
  /**
   * The data of one event: its personal fields are cleared when their subject is erased. Which event it is of say the
   * columns `type`, `recordType` and `recordId` of the same row.
   */
  readonly eventData?: true;
  /** People look for the record by what stands in it. */
  readonly searchable?: true;
  /** Only types; never set. */
  readonly of?: T;
};

type Buildable<T> = Column<T> & { readonly nullable: false } & {
  /** The same column where a row may have no value. */
  readonly optional: Column<T | null>;
  readonly personally: Column<T | null>;
};

const column = <T>(kind: ColumnKind, more: Partial<Column> = {}): Buildable<T> => {
  const base = { kind, nullable: false as const, personal: false, ...more } as Column<T> & {
    nullable: false;
  };
  return {
    ...base,
    optional: { ...base, nullable: true },
    personally: { ...base, nullable: true, personal: true },
  };
};

export const text = column<string>('text');
/** Several texts, without order or repetition. */
export const texts = column<readonly string[]>('texts');
export const int = column<number>('int');
export const boolean = column<boolean>('boolean');
export const date = column<LocalDate>('date');
export const instant = column<Instant>('instant');
/** Two SQL columns: `amount numeric` and `amount_currency text`. */
export const money = column<Money>('money');
export const position = column<bigint>('position');
/** Any JSON, shown as it is; not to be filtered by. */
export const json = <T>() => column<T>('json');
export const eventData = column<object>('json', { eventData: true });
/** An id of no particular category. */
export const uuid = column<Id>('ref');
/** The id of a record of another category. */
export const ref = (target: string) => column<Id>('ref', { target });
export const refs = (target: string) => column<readonly Id[]>('refs', { target });
/** One of a few words; `typeName` names the GraphQL enum. */
export const choice = <const V extends readonly string[]>(typeName: string, values: V) =>
  column<V[number]>('choice', { values, typeName });

/** A `text` or `texts` column by which people look for the record. */
export const searchable = <C extends Column<string | null> | Column<readonly string[] | null>>(
  column: C,
): C => ({
  ...column,
  searchable: true,
});

export type Columns = Readonly<Record<string, Column>>;
export type ValueOf<C> = C extends Column<infer T> ? T : never;
/** A row as folds see it. */
export type RowOf<C extends Columns> = { readonly [K in keyof C]: ValueOf<C[K]> };

/** Whether it may hold what is about a person. */
export const isPersonalColumn = ({ personal, eventData }: Column): boolean => personal || eventData === true;
