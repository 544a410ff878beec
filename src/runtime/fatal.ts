/**
 * The errors that end a run because of something its user can put right: a port in use, a folder of another
 * version, a server that doesn't answer. The message is one sentence that says what to do; main prints it
 * without a stack and exits with 1. Everything else that is thrown is a bug, and keeps its stack.
 */
export type FatalError = Error & { readonly fatal: true; readonly code: string };

/** `code` is stable (tests and scripts may compare it); `message` is for people and may be reworded. */
export function fatal(code: string, message: string, cause?: unknown): FatalError {
  const error = cause === undefined ? new Error(message) : new Error(message, { cause });
  return Object.assign(error, { name: 'FatalError', fatal: true, code } as const);
}

export function isFatal(error: unknown): error is FatalError {
  return error instanceof Error && 'fatal' in error && error.fatal === true;
}
