/** What Postgres refuses because of the data themselves, and how to tell it without them. */

/** A number too large, a missing value, text that it can't hold, a row too long. Trying again doesn't help. */
export const isDataError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^(22|23|54)/.test(String(error.code));

/** Postgres's words; values of rows, which may be personal, are taken out. */
export function refusalOf(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return words.replace(/\bvalue "[\s\S]*?"/g, 'a value').replace(/: "[\s\S]*"$/, '');
}
