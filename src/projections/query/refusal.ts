/** A query that can't be answered as it was put; the API turns it into a coded error. */
export type QueryRefusal = Error & {
  readonly refusal: {
    readonly code: 'VALIDATION' | 'NOT_YET_VISIBLE' | 'UNAVAILABLE';
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

/** It was answered, or given up: nobody waits for what would be read. */
export const operationEnded = (): QueryRefusal =>
  Object.assign(new Error('the operation has ended'), { refusal: { code: 'UNAVAILABLE' as const } });

export const asRefusal = (error: unknown): QueryRefusal['refusal'] | undefined =>
  (error as Partial<QueryRefusal> | null)?.refusal;
