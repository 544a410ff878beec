/** How calls end: gRPC's statuses, the errors that know theirs, and the status of whatever else was thrown. */
import { isFull } from './database.ts';
import { isStoreError } from './errors.ts';
import { isMalformed } from './wire.ts';

/** gRPC's status codes, those that are used here. They are google.rpc.Code's too. */
export const STATUS = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
} as const;

export type Status = {
  readonly code: number;
  readonly message: string;
  /** Trailers; EventStoreDB's clients read what went wrong from them. */
  readonly details?: Readonly<Record<string, string>>;
};

export const OK: Status = { code: STATUS.ok, message: '' };

/** An error that already knows its status. */
export type Refusal = Error & { readonly status: Status };
export const isRefusal = (error: unknown): error is Refusal => error instanceof Error && 'status' in error;
export function refusal(code: number, message: string, details?: Status['details']): Refusal {
  return Object.assign(new Error(message), { status: { code, message, ...(details && { details }) } });
}

/** Whatever was thrown, as what a client is told. */
export function explain(error: unknown): Status {
  if (isRefusal(error)) return error.status;
  if (isMalformed(error)) return { code: STATUS.invalidArgument, message: error.message };
  if (isStoreError(error)) {
    const code = error.code === 'DATA_DIR_DAMAGED' ? STATUS.dataLoss : STATUS.unavailable;
    return { code, message: error.message };
  }
  if (isFull(error)) {
    return {
      code: STATUS.resourceExhausted,
      message: 'The disk is full and nothing of this append was written: free some space and append again.',
    };
  }
  const reason = error instanceof Error ? error.message : String(error);
  return { code: STATUS.internal, message: `The embedded EventStoreDB failed: ${reason}` };
}
