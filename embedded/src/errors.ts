/**
 * What can go wrong with the node as a whole, as coded errors whose message is one sentence that says what to do.
 * They cross from the worker thread as plain {@link StoreFailure}s, because a posted Error loses its code.
 */

export type StoreErrorCode =
  /** Another process, or another node in this one, has the data folder open. */
  | 'DATA_DIR_LOCKED'
  /** The data folder can't be made, read or written. */
  | 'DATA_DIR_UNUSABLE'
  /** The data folder was written by a newer version of this package. */
  | 'DATA_DIR_NEWER'
  /** What is in the data folder isn't what was written. */
  | 'DATA_DIR_DAMAGED'
  | 'PORT_IN_USE'
  /** The node ended by itself after it had started. */
  | 'STOPPED'
  | 'UNEXPECTED';

export type StoreFailure = { readonly code: StoreErrorCode; readonly message: string };
export type StoreError = Error & StoreFailure;

export function storeError(code: StoreErrorCode, message: string, cause?: unknown): StoreError {
  return Object.assign(new Error(message, { cause }), { name: 'EmbeddedEventStoreError', code });
}

export const isStoreError = (error: unknown): error is StoreError =>
  error instanceof Error && error.name === 'EmbeddedEventStoreError';

/** Whatever was thrown, as something that can be posted to another thread. */
export function toFailure(error: unknown): StoreFailure {
  if (isStoreError(error)) return { code: error.code, message: error.message };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'UNEXPECTED', message: `The embedded event store failed; please report this: ${message}` };
}
