/** A query that can't be answered as it was put; the API turns it into a coded error. */
export type QueryRefusal = Error & {
  readonly refusal: {
    readonly code: 'VALIDATION' | 'NOT_YET_VISIBLE' | 'PARKED' | 'UNAVAILABLE';
    readonly fields?: readonly { readonly path: string; readonly message: string }[];
    readonly details?: Readonly<Record<string, unknown>>;
  };
};

/** An argument is wrong: where, and what it should be. */
export const invalid = (path: string, message: string): QueryRefusal =>
  Object.assign(new Error(`${path}: ${message}`), {
    refusal: { code: 'VALIDATION' as const, fields: [{ path, message }] },
  });

export const notYetVisible = (position: bigint, shown: bigint): QueryRefusal =>
  Object.assign(new Error('the read models have not reached this position yet; ask again'), {
    refusal: { code: 'NOT_YET_VISIBLE' as const, details: { position: `${position}`, shown: `${shown}` } },
  });

/** The record itself was asked for, and what is there lacks its last events. */
export const isParked = (model: string, id: string, position: bigint): QueryRefusal =>
  Object.assign(
    new Error(`this record can't be shown: an event at position ${position} could not be applied to it`),
    { refusal: { code: 'PARKED' as const, details: { model, ids: [id], position: `${position}` } } },
  );

/** It was answered, or given up: nobody waits for what would be read. */
export const operationEnded = (): QueryRefusal =>
  Object.assign(new Error('the operation has ended'), { refusal: { code: 'UNAVAILABLE' as const } });

export const asRefusal = (error: unknown): QueryRefusal['refusal'] | undefined =>
  (error as Partial<QueryRefusal> | null)?.refusal;
