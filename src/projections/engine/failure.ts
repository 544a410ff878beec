/** What stops a projector for good: it can't be put right by trying again, so somebody has to be told what to do. */

export type Failure = {
  /** Stable; the message is for people. */
  readonly code:
    | 'UNDECODABLE'
    | 'WRITE_FAILED'
    | 'TOO_MANY_PARKED'
    | 'OTHER_LOG'
    | 'KEY_MISSING'
    | 'WRAPPING_KEY_MISSING'
    | 'SHAPE_CHANGED'
    | 'NEWER_BUILD'
    | 'NEWER_DATABASE'
    | 'VIEW_IN_USE';
  readonly message: string;
  readonly model?: string;
  readonly stream?: string;
  readonly revision?: number;
  readonly type?: string;
  readonly position?: bigint;
};

export type ProjectionError = Error & { readonly failure: Failure };

export const projectionError = (failure: Failure, cause?: unknown): ProjectionError =>
  Object.assign(new Error(failure.message, { cause }), { name: 'ProjectionError', failure });

/** The failure that an error stands for, or nothing when trying again may help. */
export const failureOf = (error: unknown): Failure | undefined =>
  error instanceof Error && 'failure' in error ? (error as ProjectionError).failure : undefined;

/** Another owner has moved the checkpoint, or owns the lease now: everything held in memory is out of date. */
export type Fenced = Error & { readonly fenced: true };

export const fenced = (message: string, cause?: unknown): Fenced =>
  Object.assign(new Error(message, { cause }), { name: 'Fenced', fenced: true } as const);

export const isFenced = (error: unknown): error is Fenced =>
  error instanceof Error && 'fenced' in error && error.fenced === true;
