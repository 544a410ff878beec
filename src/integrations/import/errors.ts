/** Why an import did not begin, or stopped: typed, in one sentence that says what to do. */

export type ImportErrorCode =
  | 'ARGUMENTS'
  | 'PLAN_UNREADABLE'
  | 'PLAN_INVALID'
  | 'FILE_UNREADABLE'
  | 'FILE_COLUMNS'
  | 'REPORT_UNWRITABLE'
  | 'UNAVAILABLE';

/** One thing to put right, and where: a path into the plan's JSON or a file's name. */
export type Issue = { readonly path: string; readonly message: string };

export type ImportError = Error & {
  readonly kind: 'importError';
  readonly code: ImportErrorCode;
  /** All that is to be put right; the message names the first. */
  readonly issues: readonly Issue[];
};

export function importError(
  code: ImportErrorCode,
  message: string,
  options: { readonly issues?: readonly Issue[]; readonly cause?: unknown } = {},
): ImportError {
  const error = new Error(message, { cause: options.cause });
  return Object.assign(error, { kind: 'importError' as const, code, issues: options.issues ?? [] });
}

/** One error of several issues: its message is the first, and says how many follow. */
export function issuesError(code: ImportErrorCode, subject: string, issues: readonly Issue[]): ImportError {
  const [first] = issues;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  return importError(code, `${subject}: ${first ? sentenceOf(first) : 'it is wrong'}${more}`, { issues });
}

export const sentenceOf = ({ path, message }: Issue): string => (path ? `${path}: ${message}` : message);

export const isImportError = (error: unknown): error is ImportError =>
  error instanceof Error && (error as Partial<ImportError>).kind === 'importError';
