/** Why a command was not carried out, as a value; the API publishes the codes. */
import { type Rejection, reject } from '../domain/kernel/rejection.ts';
import { vaultErrorOf } from '../eventstore/personal/errors.ts';

export type ErrorKind =
  | 'VALIDATION'
  | 'RULE_VIOLATION'
  | 'NOT_FOUND'
  | 'STALE'
  | 'CONFLICT'
  | 'COMMAND_ID_REUSED'
  | 'FORBIDDEN'
  | 'UNAVAILABLE'
  | 'STREAM_UNREADABLE';

export type FieldIssue = { readonly path: string; readonly message: string };

export type CommandError = {
  readonly kind: ErrorKind;
  /** The kind again, or for a `RULE_VIOLATION` the rule's own code. */
  readonly code: string;
  /** One sentence that says what to do. */
  readonly message: string;
  readonly path?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** For `VALIDATION`: each field and what is wrong with it. */
  readonly issues?: readonly FieldIssue[];
};

type Failure = Error & { readonly commandError: CommandError };

/** For failures deep inside that no rule foresees; `dispatch` turns them into values again. */
export function commandError(
  kind: ErrorKind,
  message: string,
  details?: CommandError['details'],
  cause?: unknown,
): Failure {
  const value: CommandError = { kind, code: kind, message, ...(details && { details }) };
  return Object.assign(new Error(message, { cause }), { commandError: value });
}

export const asCommandError = (error: unknown): CommandError | undefined =>
  (error as Partial<Failure> | null)?.commandError;

/** What a failure of the keys of persons means for a command; any other error as it is. */
export function withoutKeys(error: unknown): unknown {
  const failure = vaultErrorOf(error);
  if (!failure) return error;
  const { vaultError: code, message } = failure;
  if (code === 'SUBJECT_ERASED') return ofRule(reject('ERASED', message), failure);
  if (code !== 'VAULT_UNAVAILABLE') return commandError('STREAM_UNREADABLE', message, undefined, failure);
  const again = `${message}; send the command again with the same commandId`;
  return commandError('UNAVAILABLE', again, undefined, failure);
}

const ofRule = (rejection: Rejection, cause: unknown): Failure =>
  Object.assign(new Error(rejection.message, { cause }), { commandError: errorOf(rejection) });

/** A rule's rejection as an error; rules about existence have a kind of their own. */
export function errorOf({ rejected: _, ...rejection }: Rejection): CommandError {
  return { kind: OWN_KINDS.find(kind => kind === rejection.code) ?? 'RULE_VIOLATION', ...rejection };
}

const OWN_KINDS = ['NOT_FOUND', 'FORBIDDEN', 'STALE'] as const;

export const validationError = (issues: readonly FieldIssue[]): CommandError => ({
  kind: 'VALIDATION',
  code: 'VALIDATION',
  message: issues.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; '),
  ...(issues[0]?.path && { path: issues[0].path }),
  issues,
});
